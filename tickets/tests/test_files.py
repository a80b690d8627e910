"""Uploading spreadsheets, correcting what was taken for what, and what a plan does not take."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from conftest import client_of
from events.models import EventSequence
from tickets.models import SourceFile
from tickets.spreadsheets.reading import LARGEST
from tickets.tests.conftest import SMALL
from tickets.tests.factories import FileFactory

ROLE = b"Name,Machine name\nEditor,editor\n"
pytestmark = pytest.mark.django_db


def upload(plan, body, query="name=x.csv", content_type="text/csv"):
    return plan.client.generic("POST", f"{plan.path}/files?{query}", body, content_type=content_type)


def test_a_file_is_read_and_its_type_told(plan):
    answer = plan.upload({"SITE_Bundles.csv": SMALL["Bundles.csv"]}).json()

    assert (answer["type"], answer["confidence"], answer["rows"], answer["skipped_rows"]) == ("bundles", "high", 8, 1)
    assert answer["headers"][:3] == ["ID", "Name", "Machine name"]


def test_the_same_bytes_are_one_file(plan):
    first, again = upload(plan, ROLE), upload(plan, ROLE, "name=another.csv")

    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    assert len(plan.get("files")["items"]) == 1


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"", "empty_file"),
        (b"Name,Machine name\n", "no_rows"),
        (b"%PDF-1.4", "not_csv"),
        (b"Name\nCaf\x81\n", "undecodable"),
    ],
)
def test_what_cannot_be_read_is_refused_and_leaves_nothing(plan, body, code):
    answer = upload(plan, body)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert not SourceFile.objects.exists()
    assert plan.row.revision == 0


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1])
def test_two_mebibytes_are_the_most(plan, size):
    row = b"Editor,editor" + b" " * 1000 + b"\n"
    body = b"Name,Machine name\n" + row * ((size - 18) // len(row))
    answer = upload(plan, body + b" " * (size - len(body)))

    assert answer.status_code == (201 if size == LARGEST else 413)


def test_the_twenty_sixth_file_is_refused(plan):
    FileFactory.create_batch(24, plan=plan.row)

    assert upload(plan, ROLE).status_code == 201
    assert upload(plan, ROLE + b"Author,author\n").json()["code"] == "too_many_files"


@pytest.mark.parametrize("query", ["", "name=", "name=%20", f"name={'x' * 256}"])
def test_a_file_has_a_name(plan, query):
    assert upload(plan, ROLE, query).json()["errors"][0]["parameter"] == "name"


@pytest.mark.parametrize(("method", "path"), [("POST", "files?name=a%00b"), ("GET", "findings?code=a%00b")])
def test_a_nul_in_the_query_is_refused(plan, method, path):
    answer = plan.client.generic(method, f"{plan.path}/{path}", ROLE, content_type="text/csv")

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, "invalid")


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "multipart/form-data; boundary=x"])
def test_it_is_sent_as_csv(plan, content_type):
    assert upload(plan, ROLE, content_type=content_type).status_code == 415


def test_a_type_that_a_person_sets_is_sure_and_has_to_be_checked(plan):
    file = upload(plan, ROLE).json()
    plan.post("check")
    changed = plan.client.patch(f"{plan.path}/files/{file['id']}", {"type": "user_roles"}).json()

    assert (file["type"], file["confidence"]) == ("custom", "unknown")
    assert (changed["type"], changed["confidence"], changed["version"]) == ("user_roles", "high", 2)
    assert plan.get()["check"]["state"] == "stale"


def test_a_reference_that_a_person_declares_is_checked(plan):
    people = upload(plan, b"Name,Machine name\nAnn,ann\n", "name=People_custom.csv").json()
    things = upload(plan, b"Name,Machine name,Made by\nVase,vase,Nobody\n", "name=Custom.csv").json()
    path = f"{plan.path}/files/{things['id']}"
    declared = [{"column": "made by", "to": people["id"]}]

    assert plan.client.patch(path, {"references": declared}).json()["references"] == declared
    assert [group["code"] for group in plan.post("check").json()["groups"]] == ["missing_reference"]
    wrong = plan.client.patch(path, {"references": [{"column": "Colour", "to": people["id"]}]}).json()
    assert wrong["errors"][0]["pointer"] == "/references/0/column"


def test_a_file_that_is_deleted_counts_no_more(alice, plan):
    file = upload(plan, ROLE).json()
    used = EventSequence.objects.get(owner=alice).bytes
    assert plan.client.delete(f"{plan.path}/files/{file['id']}").status_code == 204

    assert EventSequence.objects.get(owner=alice).bytes == used - len(ROLE)
    assert plan.client.get(f"{plan.path}/files/{file['id']}").status_code == 404


def test_with_a_plan_all_that_belongs_to_it_goes_and_its_timeline_stays(alice, plan):
    plan.upload(SMALL)
    plan.post("check")
    plan.client.delete(plan.path)

    assert not SourceFile.objects.exists()
    assert EventSequence.objects.get(owner=alice).bytes == 0
    assert [event["kind"] for event in plan.get("events")["items"]][:2] == ["deleted", "checked"]


@pytest.mark.django_db(transaction=True)  # a job commits what it does step by step
def test_files_are_changed_at_upload_alone(plan):
    plan.generate()
    (file, *_) = plan.get("files")["items"]

    assert upload(plan, ROLE).json()["code"] == "wrong_stage"
    assert plan.client.patch(f"{plan.path}/files/{file['id']}", {"name": "y"}).json()["code"] == "wrong_stage"
    assert plan.client.delete(f"{plan.path}/files/{file['id']}").json()["code"] == "wrong_stage"


@pytest.mark.django_db(transaction=True)
def test_of_the_same_file_from_two_clients_at_once_one_is_made_and_both_are_told_of_it(plan, alice):
    def send(_):
        try:
            path = f"{plan.path}/files?name=x.csv"
            return client_of(alice).generic("POST", path, ROLE, content_type="text/csv")
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(send, range(4)))

    assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 201]
    assert len({answer.json()["id"] for answer in answers}) == 1
