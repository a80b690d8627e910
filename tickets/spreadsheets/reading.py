"""Reads a CSV file as spreadsheets write it: separators, encodings, and rows that hold nothing."""

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

LARGEST = 2 * 1024 * 1024  # bytes of a file
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 50_000, 200, 32_767  # the last is what spreadsheets allow
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
SPREADSHEET_ERRORS = frozenset(
    ("#VALUE!", "#N/A", "#REF!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!", "#SPILL!", "#CALC!", "#ERROR!")
)
BOOKKEEPING = frozenset(("x", "dev", "qa", "id", ""))  # headers of columns that say nothing about an entity
OTHERS = (  # by their first bytes
    (b"PK\x03\x04", "an Excel or OpenDocument workbook"),
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook"),
    (b"%PDF", "a PDF"),
    (b"\x1f\x8b", "a compressed file"),
    (b"{\\rtf", "an RTF document"),
)
UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
BYTE_ORDER_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig", ""),
    (codecs.BOM_UTF16_LE, "utf-16", "UTF-16"),
    (codecs.BOM_UTF16_BE, "utf-16", "UTF-16"),
)


class NotReadable(Exception):
    """A file that is refused at once. `code` is for programs."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code, self.message = code, message


class Row(NamedTuple):
    number: int  # as a spreadsheet counts: the header is 1
    cells: list[str]


class Note(NamedTuple):
    """Something about a file that a person should know."""

    code: str
    row: int | None
    message: str
    severity: str = "info"


@dataclass
class Sheet:
    """What a file holds: the rows that say something, and what was noticed on the way."""

    headers: list[str]
    rows: list[Row]
    skipped: int = 0  # rows that hold nothing, or nothing but spreadsheet errors
    notes: list[Note] = field(default_factory=list)


def read(body: bytes) -> Sheet:
    """Raises NotReadable for what is empty, has only a header, is no CSV, or cannot be decoded."""
    notes: list[Note] = []
    text = decoded(body, notes)
    separator = separator_of(text, notes)
    records = parsed(text, separator)
    number, header = next(((n, cells) for n, cells in records if any(cells)), (0, []))
    if not header:
        raise NotReadable("empty_file", "The file is empty.")
    header = [cell.strip() for cell in header]
    if len(header) > MOST_COLUMNS:
        raise NotReadable("not_csv", f"The header has {len(header):,} columns; up to {MOST_COLUMNS} are read.")
    if number > 1:
        notes.append(Note("header_not_first", number, f"The header is in row {number}; those above it are empty."))
    sheet = Sheet(header, [], notes=notes)
    kept = [place for place, name in enumerate(header) if name.casefold() not in BOOKKEEPING]
    for number, cells in records:
        add(sheet, number, cells, kept)
    if not sheet.rows:
        raise NotReadable("no_rows", "The file has a header and no rows.")
    return sheet


def decoded(body: bytes, notes: list[Note]) -> str:
    if not body.strip(b"\xef\xbb\xbf \t\r\n\x00"):
        raise NotReadable("empty_file", "The file is empty.")
    for start, kind in OTHERS:
        if body.startswith(start):
            raise NotReadable("not_csv", f"This is {kind}. Save it as CSV.")
    for mark, encoding, name in BYTE_ORDER_MARKS:
        if body.startswith(mark):
            return strictly(body, encoding, name, notes)
    if b"\x00" in body[:200]:
        little = body[1:2] == b"\x00"
        return strictly(body, "utf-16-le" if little else "utf-16-be", "UTF-16", notes)
    try:
        return body.decode()
    except UnicodeDecodeError:
        return strictly(body, "windows-1252", "Windows-1252", notes)


def strictly(body: bytes, encoding: str, name: str, notes: list[Note]) -> str:
    try:
        text = body.decode(encoding)
    except UnicodeDecodeError as error:
        line = body[: error.start].count(b"\n") + 1
        raise NotReadable(
            "undecodable", f"The encoding is not known: line {line} is neither UTF-8 nor {name or 'UTF-16'}. Use UTF-8."
        ) from error
    if name:
        severity = "warning" if name == "Windows-1252" else "info"
        notes.append(Note("encoding", None, f"Read as {name}, because it is not UTF-8: look at its accents.", severity))
    return text


def separator_of(text: str, notes: list[Note]) -> str:
    """The one that the first lines have most often outside of quotes."""
    sample = re.sub(r'"[^"]*"', "", text[:20_000]).lstrip()
    first = sample.split("\n", 1)[0]
    found = max(SEPARATORS, key=lambda one: (first.count(one), -list(SEPARATORS).index(one)))
    if found != ",":
        notes.append(Note("separator", None, f"The columns are separated by {SEPARATORS[found]}."))
    return found


def parsed(text: str, separator: str) -> Iterator[tuple[int, list[str]]]:
    """The number of each record, and its cells. Raises NotReadable."""
    if found := UNPRINTABLE.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise NotReadable("not_csv", f"Line {line} holds a control character, which text does not have.")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    number = 0
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise NotReadable("not_csv", f"Line {reader.line_num} is no CSV: {error}.") from error
        if cells is None:
            return
        number += 1
        if number > MOST_ROWS + 1:
            raise NotReadable("too_many_rows", f"The file has more than {MOST_ROWS:,} rows.")
        yield number, cells


def add(sheet: Sheet, number: int, cells: Sequence[str], kept: Sequence[int]) -> None:
    cells = [cell.strip() for cell in cells]
    if not any(cells):
        sheet.skipped += 1
        return
    if not any(
        cell and cell not in SPREADSHEET_ERRORS for cell in (cells[place] for place in kept if place < len(cells))
    ):
        sheet.skipped += 1
        sheet.notes.append(Note("row_without_values", number, "The row holds nothing but spreadsheet errors or marks."))
        return
    width = len(sheet.headers)
    if len(cells) > width and not any(cells[width:]):
        cells = cells[:width]  # separators at the end of a line
    sheet.rows.append(Row(number, [*cells, *[""] * (width - len(cells))] if len(cells) < width else cells))
    if len(cells) != width:
        message = f"The row has {len(cells)} columns, and the header {width}."
        sheet.notes.append(Note("ragged_row", number, message, "blocking"))
