"""Which type a file is taken for."""

import pytest

from tickets.spreadsheets.detection import detect, level
from tickets.spreadsheets.reading import read
from tickets.spreadsheets.types import ORDER, csv_types
from tickets.tests import spreadsheets
from tickets.tests.spreadsheets import good_set

KEYS = (
    *("bundles", "fields", "views", "view_displays", "view_modes", "image_styles", "responsive_image_styles"),
    *("user_roles", "workflows", "workflow_states", "workflow_transitions"),
)


@pytest.mark.parametrize(("name", "key"), list(zip(good_set(), KEYS, strict=True)))
def test_a_file_with_its_usual_name_and_headers_is_known_for_sure(name, key):
    found, confidence = detect(name, read(good_set()[name]).headers)

    assert (found, level(confidence)) == (key, "high")


@pytest.mark.parametrize(
    ("header", "key"),
    [
        (spreadsheets.BUNDLES, "bundles"),
        (spreadsheets.FIELDS, "fields"),
        (spreadsheets.DISPLAYS, "view_displays"),
        (spreadsheets.IMAGE_STYLES, "image_styles"),
        (spreadsheets.STATES, "workflow_states"),
        (spreadsheets.TRANSITIONS, "workflow_transitions"),
        (spreadsheets.MAPPINGS, "migration_mappings"),
        (spreadsheets.ROLES, "custom"),  # a name and a machine name have many
        ("Colour,Shape", "custom"),
    ],
)
def test_under_a_name_that_says_nothing_the_headers_decide(header, key):
    assert detect("export (3).csv", header.split(","))[0] == key


def test_a_name_alone_is_not_enough():
    found, confidence = detect("Bundles.csv", ["Colour", "Shape"])

    assert (found, level(confidence)) == ("custom", "unknown")


@pytest.mark.parametrize(
    ("name", "key"),
    [("site_userroles_2026.csv", "user_roles"), ("WORKFLOWS.CSV", "workflows"), ("my custom entities.csv", "custom")],
)
def test_of_what_has_the_same_headers_the_name_decides(name, key):
    assert detect(name, spreadsheets.ROLES.split(","))[0] == key


def test_each_type_has_a_table_that_can_work():
    assert list(csv_types()) == list(ORDER)
    assert all(kind.columns and kind.identity and kind.file_names for kind in csv_types().values())


@pytest.mark.parametrize("header", ["Machine name", "machine_name", " MACHINE-NAME ", "Machine Name"])
def test_headers_are_compared_without_case_spaces_and_punctuation(header):
    assert csv_types()["bundles"].places(("Name", header)) == {"name": 0, "machine_name": 1}
