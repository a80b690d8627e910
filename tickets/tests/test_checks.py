"""The check of all files of a plan: what each broken set is told, and nothing else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tickets.spreadsheets.checks import MOST_PROBLEMS, check
from tickets.spreadsheets.detection import detect
from tickets.spreadsheets.entities import Declared, File
from tickets.spreadsheets.reading import read
from tickets.spreadsheets.types import csv_types
from tickets.tests import spreadsheets
from tickets.tests.spreadsheets import changed, good_set, sheet

GOOD = good_set()


def checked(bodies, **declared):
    """The files by name, after the check."""
    files = []
    for name, body in bodies.items():
        found = read(body)
        kind = csv_types()[detect(name, found.headers)[0]]
        files.append(File(name, name, kind, found.headers, found.rows, declared.get(name.removesuffix(".csv"), ())))
    check(files)
    return {file.name: file for file in files}


def told(bodies, **declared):
    """Code, severity, file, row and column of each problem."""
    return [
        (problem.code, problem.severity, file.name, problem.row, problem.column)
        for file in checked(bodies, **declared).values()
        for problem in file.problems
    ]


def test_the_good_set_passes():
    assert told(GOOD) == []


def test_an_unknown_bundle_an_unknown_type_and_a_name_with_a_space_are_told_where_they_stand():
    body = changed(GOOD["SITE_Fields.csv"], 2, **{"Bundle": "Nowhere", "Bundle machine name": "nowhere"})
    body = changed(changed(body, 3, **{"Field type": "Telepathy"}), 4, **{"Machine name": "Field two"})

    assert told({**GOOD, "SITE_Fields.csv": body}) == [
        ("invalid_value", "blocking", "SITE_Fields.csv", 3, "Field type"),
        ("invalid_machine_name", "blocking", "SITE_Fields.csv", 4, "Machine name"),
        ("missing_reference", "blocking", "SITE_Fields.csv", 2, "Bundle machine name"),
    ]


def test_a_display_whose_lookup_is_empty_is_found_by_the_name_of_its_view():
    rows = [
        {"View": "Unknown" if n in (7, 9) else f"View {n % 16}", "Title": f"Display {n}",
         "Machine name": f"display_{n}", "Display plugin": "Page"} for n in range(42)
    ]  # fmt: skip
    broken = {**GOOD, "SITE_CustomViewsDisplays.csv": sheet(spreadsheets.DISPLAYS, rows)}

    assert told(broken) == [
        ("missing_reference", "blocking", "SITE_CustomViewsDisplays.csv", row, "View") for row in (9, 11)
    ]


def test_of_displays_without_any_view_each_is_told_with_the_views_that_there_are():
    rows = [
        {"View": "As discussed", "Title": f"Display {n}", "Machine name": f"display_{n}", "Display plugin": "Page"}
        for n in range(42)
    ]
    file = checked({**GOOD, "SITE_CustomViewsDisplays.csv": sheet(spreadsheets.DISPLAYS, rows)})[
        "SITE_CustomViewsDisplays.csv"
    ]

    assert [(problem.code, problem.row) for problem in file.problems] == [
        ("missing_reference", n) for n in range(2, 44)
    ]
    assert file.problems[0].value == "As discussed"
    assert len(file.problems[0].suggestions) == 10
    assert file.problems[0].suggestions[0] == "view_0"


def test_lost_fallback_styles_and_spreadsheet_errors_are_each_told_once():
    body = GOOD["SITE_ResponsiveImageStyles.csv"]
    for row in (5, 6, 7, 8, 9, 10, 20, 21):
        body = changed(body, row, **{"Fallback machine name": ""})
    for row in (18, 24):
        body = changed(body, row, **{"Fallback machine name": "#N/A"})
    found = told({**GOOD, "SITE_ResponsiveImageStyles.csv": body})

    assert [(code, row) for code, _, _, row, _ in found if code == "spreadsheet_error"] == [
        ("spreadsheet_error", 18), ("spreadsheet_error", 24)
    ]  # fmt: skip
    assert [row for code, _, _, row, _ in found if code == "missing_reference"] == [5, 6, 7, 8, 9, 10, 20, 21]
    assert len(found) == 10


def test_a_missing_column_is_told_with_the_likeliest_one():
    body = GOOD["SITE_Bundles.csv"].replace(b"Machine name", b"Machin nam", 1)
    file = checked({"SITE_Bundles.csv": body, "Fields.csv": GOOD["SITE_Fields.csv"]})["SITE_Bundles.csv"]

    assert (file.problems[0].code, file.problems[0].column) == ("missing_column", "Machine name")
    assert file.problems[0].suggestions[0] == "Machin nam"


@pytest.mark.parametrize(
    ("file", "row", "cells", "code", "suggestion"),
    [
        ("SITE_Bundles.csv", 4, {"Name": ""}, "missing_value", None),
        ("SITE_Bundles.csv", 4, {"Machine name": "News Item"}, "invalid_machine_name", "news_item"),
        ("SITE_Bundles.csv", 4, {"Type": "Contnt type"}, "invalid_value", "Content type"),
        ("SITE_Bundles.csv", 4, {"Description": "#REF!"}, "spreadsheet_error", None),
        ("SITE_Bundles.csv", 4, {"Description": "x" * 32_768}, "cell_too_long", None),
        ("SITE_CustomViews.csv", 3, {"Machine name": "view/1"}, "invalid_machine_name", "view_1"),
        ("SITE_Imagestyles.csv", 3, {"Machine name": "16 9"}, "invalid_machine_name", None),
        ("SITE_CustomViewsDisplays.csv", 3, {"Display plugin": "Paged"}, "invalid_value", "Page"),
        ("SITE_Userroles.csv", 3, {"Machine name": "role_0"}, "duplicate", None),
        ("SITE_Imagestyles.csv", 3, {"Width": "wide, 40 px"}, "invalid_number", "40"),
        ("SITE_CustomViews.csv", 3, {"Path": "/news?x"}, "invalid_path", None),
        ("SITE_Workflowtransitions.csv", 3, {"From state": "Lost"}, "missing_reference", "draft"),
    ],
)
def test_a_cell_that_cannot_be_is_told_with_what_it_could_be(file, row, cells, code, suggestion):
    problems = checked({**GOOD, file: changed(GOOD[file], row, **cells)})[file].problems
    problem = next(problem for problem in problems if problem.code == code)

    assert problem.row == row
    assert suggestion is None or suggestion in problem.suggestions


def test_of_two_columns_with_one_name_the_first_is_read_with_a_warning():
    file = checked({"Userroles.csv": sheet("Name,Machine name,NAME", [("Editor", "editor", "Other")])})["Userroles.csv"]

    assert [(problem.code, problem.severity, problem.column) for problem in file.problems] == [
        ("repeated_column", "warning", "Name")
    ]
    assert file.entities[0].name == "Editor"


def test_a_name_that_two_have_is_told_and_the_same_one_taken_whatever_the_order():
    rows = [("News", "news", "Content type"), ("News", "news_item", "Paragraph type")]
    fields = sheet("Bundle,Field label,Machine name", [("News", "Teaser", "field_teaser")])
    for order in (rows, rows[::-1]):
        found = checked({"Bundles.csv": sheet("Name,Machine name,Type", order), "Fields.csv": fields})["Fields.csv"]

        assert [problem.code for problem in found.problems] == ["ambiguous_reference"]
        assert found.entities[0].needs[0].machine_name == "news"


def test_a_state_of_another_workflow_is_not_found():
    body = changed(GOOD["SITE_Workflowtransitions.csv"], 20, **{"To state": "Archived"})  # of the workflow Legal

    assert told({**GOOD, "SITE_Workflowtransitions.csv": body}) == [
        ("missing_reference", "blocking", "SITE_Workflowtransitions.csv", 20, "To state")
    ]


def test_a_reference_in_another_case_is_taken_with_a_warning():
    body = changed(GOOD["SITE_Workflowstates.csv"], 2, Workflow="EDITORIAL")

    assert told({**GOOD, "SITE_Workflowstates.csv": body}) == [
        ("spelled_differently", "warning", "SITE_Workflowstates.csv", 2, "Workflow")
    ]


@pytest.mark.parametrize(
    ("without", "file", "severity"),
    [
        ("SITE_CustomViews.csv", "SITE_CustomViewsDisplays.csv", "blocking"),
        ("SITE_Imagestyles.csv", "SITE_ResponsiveImageStyles.csv", "warning"),
    ],
)
def test_a_file_that_others_refer_to_is_missed(without, file, severity):
    found = told({name: body for name, body in GOOD.items() if name != without})

    assert ("missing_file", severity, file) in {(code, level, name) for code, level, name, _, _ in found}
    assert len(found) == 1


def test_a_declared_reference_is_looked_for_in_that_file():
    things = {
        "Custom.csv": sheet(
            "Name,Machine name,Owner", [("Thing", "thing", "People One"), ("Other", "other", "Nobody")]
        ),
        "People_custom.csv": sheet("Name,Machine name", [("People One", "people_one")]),
    }

    assert told(things, Custom=[Declared("owner", "People_custom.csv")]) == [
        ("missing_reference", "blocking", "Custom.csv", 3, "Owner")
    ]
    assert told(things, Custom=[Declared("Colour", "People_custom.csv")])[0][0] == "declared_reference"


def test_very_many_problems_are_counted():
    rows = [("", "") if n % 2 else ("x", "X X") for n in range(MOST_PROBLEMS * 2)]
    problems = checked({"Userroles.csv": sheet("Name,Machine name", [*rows, ("Last", "Last One")])})["Userroles.csv"]

    assert len(problems.problems) <= MOST_PROBLEMS
    assert problems.problems[-1].code in ("too_many_problems", "invalid_machine_name", "duplicate")


def keys(bodies):
    return {entity.key: sorted(needed.key for needed in entity.needs)
            for file in checked(bodies).values() for entity in file.entities}  # fmt: skip


def test_in_any_order_of_files_and_rows_the_same_is_found():
    chosen = random.Random(5)
    shuffled = {}
    for name in chosen.sample(list(GOOD), len(GOOD)):
        header, *rows = GOOD[name].splitlines(keepends=True)
        shuffled[name] = b"".join([header, *chosen.sample(rows, len(rows))])

    assert keys(shuffled) == keys(GOOD)
    assert len(keys(GOOD)) == 898


@given(st.lists(st.lists(st.text(max_size=12), min_size=3, max_size=3), min_size=1, max_size=12))
def test_any_cells_are_checked(rows):
    body = sheet("Name,Machine name,Type", [["x", *row[1:]] for row in rows])
    try:
        read(body)
    except Exception:  # noqa: BLE001 - what cannot be read is another matter
        return
    file = checked({"Bundles.csv": body})["Bundles.csv"]

    assert all(problem.message and problem.code for problem in file.problems)
