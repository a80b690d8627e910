"""What the check of a plan has found, as pages and as a file."""

import csv
import io

import pytest

from jobs.testing import assert_enqueued, drain
from tickets import services
from tickets.tests.conftest import SMALL

BROKEN = b"Name,Machine name,Type\n=1+1,Bad Name,Content type\nNews,news,Nothing\n"
pytestmark = pytest.mark.django_db


@pytest.fixture
def checked(plan):
    plan.upload({**SMALL, "More_bundles.csv": BROKEN})
    plan.post("check")
    return plan


def test_each_is_told_with_file_row_column_value_and_suggestions(checked):
    first = next(one for one in checked.get("findings")["items"] if one["file_name"] == "More_bundles.csv")

    assert (first["code"], first["row"], first["column"], first["value"]) == (
        "invalid_machine_name", 2, "Machine name", "Bad Name"
    )  # fmt: skip
    assert first["suggestions"] == ["bad_name"]


@pytest.mark.parametrize("query", [{"severity": "blocking"}, {"code": "invalid_value"}, {"file": "FILE"}])
def test_a_filter_narrows_them(checked, query):
    whole = checked.get("findings", limit=100)["items"]
    file = next(one["file"] for one in whole if one["file_name"] == "More_bundles.csv")
    ((name, value),) = query.items()
    value = file if value == "FILE" else value
    found = checked.get("findings", **{name: value})["items"]

    assert found == [one for one in whole if one[name] == value] != []


def test_pages_follow_each_other_in_the_order_of_files_and_rows(checked):
    numbers, cursor = [], None
    while True:
        page = checked.get("findings", limit=1, **({"cursor": cursor} if cursor else {}))
        numbers += [one["number"] for one in page["items"]]
        cursor = page["meta"]["next_cursor"]
        if not cursor:
            break

    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) == 2


@pytest.mark.parametrize("cell", ["=1+1", "+1", "-1", "@SUM(A1)"])
def test_as_a_file_no_cell_is_a_formula(plan, cell):
    plan.upload({"Bundles.csv": f"Name,Machine name\nNews,{cell}\n".encode()})
    plan.post("check")
    body = plan.client.get(f"{plan.path}/findings?format=csv")
    (header, row) = csv.reader(io.StringIO(body.content.decode("utf-8-sig")))

    assert body.headers["Content-Type"] == "text/csv"
    assert row[header.index("value")] == f"'{cell}"


def test_a_check_takes_the_place_of_the_one_before(checked):
    before = checked.get()["check"]
    (file,) = [one for one in checked.get("files")["items"] if one["name"] == "More_bundles.csv"]
    checked.client.delete(f"{checked.path}/files/{file['id']}")
    checked.post("check")

    assert (before["state"], before["blocking"]) == ("failed", 2)
    assert checked.get()["check"] == {"state": "passed", "blocking": 0, "warnings": 0}


def test_a_large_plan_is_checked_by_a_job(plan, alice, monkeypatch):
    monkeypatch.setattr(services, "MOST_AT_ONCE", 5)
    plan.upload(SMALL)
    answer, again = plan.post("check"), plan.post("check")
    job = assert_enqueued("plan_check", owner=alice)

    assert (answer.status_code, answer.json(), again.json()) == (202, {"job_id": job.pk}, {"job_id": job.pk})
    assert drain("plan_check") == {job.pk: "succeeded"}
    assert plan.get()["check"]["state"] == "passed"


def test_what_was_changed_meanwhile_is_not_checked_by_an_older_job(plan, monkeypatch):
    monkeypatch.setattr(services, "MOST_AT_ONCE", 5)
    plan.upload(SMALL)
    plan.post("check")
    plan.upload({"More_bundles.csv": BROKEN})
    drain("plan_check")

    assert plan.get()["check"]["state"] == "none"


def test_what_it_found_in_a_plan_of_bob_is_his(plan, bob_client):
    assert bob_client.get(f"{plan.path}/findings").status_code == 404
    assert bob_client.get(f"{plan.path}/findings?format=csv").status_code == 404
