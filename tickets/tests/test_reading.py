"""Files as spreadsheets write them, and what is no such file."""

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.spreadsheets.reading import NotReadable, read
from tickets.tests.spreadsheets import good_set

TEXT = "Name,Machine name\nNews,news\n"


def codes(sheet):
    return {note.code for note in sheet.notes}


def cells(sheet):
    return [row.cells for row in sheet.rows]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (TEXT.encode(), set()),
        (TEXT.encode("utf-8-sig"), set()),
        (TEXT.replace("\n", "\r\n").encode(), set()),
        (TEXT.replace("\n", "\r").encode(), set()),
        (TEXT.replace(",", ";").encode(), {"separator"}),
        (TEXT.replace(",", "\t").encode(), {"separator"}),
        (TEXT.encode("utf-16"), {"encoding"}),
        (TEXT.encode("utf-16-le"), {"encoding"}),
        (TEXT.encode("utf-16-be"), {"encoding"}),
        (b'"Name","Machine name"\n"News","news"', set()),
        (b"Name,Machine name\n  News , news \n", set()),
        (b"\n\nName,Machine name\nNews,news\n", {"header_not_first"}),
    ],
)
def test_what_spreadsheets_write_is_read(body, told):
    sheet = read(body)

    assert (sheet.headers, cells(sheet)) == (["Name", "Machine name"], [["News", "news"]])
    assert codes(sheet) == told


def test_windows_1252_is_read_with_a_warning():
    sheet = read("Name,Machine name\nCafé – Wien,cafe\n".encode("windows-1252"))

    assert cells(sheet) == [["Café – Wien", "cafe"]]
    assert [(note.code, note.severity) for note in sheet.notes] == [("encoding", "warning")]


def test_quoted_cells_hold_separators_quotes_and_lines():
    sheet = read(b'Name,Notes\n"News, and more","He said ""yes""\nand left"\nEvent,\n')

    assert cells(sheet) == [["News, and more", 'He said "yes"\nand left'], ["Event", ""]]
    assert [row.number for row in sheet.rows] == [2, 3]


def test_rows_keep_the_numbers_that_a_spreadsheet_shows():
    sheet = read(b"Name,Machine name,X\n\nNews,news,a\n,,\n,#VALUE!,a\nEvent,event,\n")

    assert [row.number for row in sheet.rows] == [3, 6]
    assert sheet.skipped == 3
    assert [(note.code, note.row) for note in sheet.notes] == [("row_without_values", 5)]


@pytest.mark.parametrize(("row", "told"), [("News", True), ("News,news,more", True), ("News,news,,", False)])
def test_a_row_of_another_length_is_told(row, told):
    sheet = read(f"Name,Machine name\n{row}\n".encode())

    assert [(note.code, note.row, note.severity) for note in sheet.notes] == [("ragged_row", 2, "blocking")] * told
    assert len(sheet.rows) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_file"),
        (b" \n\n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b",,,\n,,,\n", "empty_file"),
        (b"Name,Machine name\n", "no_rows"),
        (b"Name,Machine name\n,\n,#N/A\n", "no_rows"),
        (b"%PDF-1.7 ...", "not_csv"),
        (b"PK\x03\x04 xl/workbook.xml", "not_csv"),
        (b"Name,Notes\nNews,\x01\n", "not_csv"),
        (b'Name,Notes\nNews,"never closed\n', "not_csv"),
        (b'Name,Notes\n"News"s,x\n', "not_csv"),
        (b",".join([b"x"] * 201) + b"\n1\n", "not_csv"),
        (b"Name\nCaf\x81\n", "undecodable"),
        (b"\xff\xfeN\x00a\x00m", "undecodable"),
        (b"Name\n" + b"x\n" * 50_001, "too_many_rows"),
    ],
)
def test_what_is_no_file_of_rows_is_refused_with_a_word(body, code):
    with pytest.raises(NotReadable) as refused:
        read(body)

    assert refused.value.code == code
    assert refused.value.message


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body):
    try:
        assert read(body).rows
    except NotReadable as refused:
        assert refused.message  # noqa: PT017 - either is right


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), min_size=1, max_size=20).map(str.strip).filter(bool)


@given(st.lists(st.tuples(TEXTS, TEXTS), min_size=1), st.sampled_from(",;\t"), st.sampled_from(["utf-8", "utf-16"]))
def test_what_was_written_is_read(rows, separator, encoding):
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([("Name", "Notes"), *rows])
    kept = [list(row) for row in rows if not all(cell.startswith("#") and cell.isupper() for cell in row)]

    assert cells(read(out.getvalue().encode(encoding)))[: len(kept)] == kept or len(kept) < len(rows)


def test_the_good_set_has_some_900_rows():
    sheets = [read(body) for body in good_set().values()]

    assert sum(len(sheet.rows) for sheet in sheets) == 898
    assert {code for sheet in sheets for code in codes(sheet)} == {"row_without_values"}
