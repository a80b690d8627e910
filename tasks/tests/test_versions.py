"""A client says which version it has seen, and overwrites nothing that it has not."""

import pytest

from accounts.models import User
from conftest import client_of
from tasks.models import Task

UNSEEN = "01a1fc34-14b5-7291-a133-fecd6747d90e"


@pytest.fixture
def task(alice_client):
    return alice_client.post("/tasks/", {"title": "Buy milk"})


@pytest.fixture
def url(task):
    return task["Location"]


def patch(client, url, body, **headers):
    return client.patch(url, body, headers={name.replace("_", "-"): value for name, value in headers.items()})


def test_a_new_task_is_version_1_and_each_change_makes_the_next(alice_client, task, url):
    versions = [patch(alice_client, url, {"title": f"Title {n}"}).json()["version"] for n in range(3)]

    assert (task.json()["version"], versions) == (1, [2, 3, 4])


def test_what_changes_nothing_makes_no_version_and_no_event(alice, alice_client, url):
    for body in ({}, {"title": "Buy milk"}, {"title": " Buy milk "}):
        assert patch(alice_client, url, body).json()["version"] == 1
    assert [event.kind for event in alice.events.all()] == ["created"]


def test_the_etag_begins_with_the_version(alice_client, task, url):
    assert task["ETag"].startswith('"1.')
    assert alice_client.get(url)["ETag"] == task["ETag"]
    assert patch(alice_client, url, {"title": "Buy bread"})["ETag"].startswith('"2.')


@pytest.mark.parametrize("spelled", ["{}", "W/{}", '"x", {}', "*", 'W/"x","y" , {}'])
def test_who_has_it_is_told_that_it_is_unchanged(alice_client, task, url, spelled):
    response = alice_client.get(url, headers={"If-None-Match": spelled.format(task["ETag"])})

    assert (response.status_code, response.content, response["ETag"]) == (304, b"", task["ETag"])


@pytest.mark.parametrize("condition", ["", "1", '"1', "W/1"])
def test_a_condition_of_a_reader_that_cannot_be_read_is_refused(alice_client, url, condition):
    response = alice_client.get(url, headers={"If-None-Match": condition})

    assert (response.status_code, response.json()["errors"][0]["header"]) == (400, "If-None-Match")


def test_a_proxy_that_compresses_may_mark_the_etag(alice_client, task, url):
    marked = task["ETag"][:-1] + '-gzip"'

    assert alice_client.get(url, headers={"If-None-Match": marked}).status_code == 304
    assert patch(alice_client, url, {"title": "Buy bread"}, If_Match=marked).status_code == 200


def test_another_name_of_the_owner_is_another_body(alice, alice_client, task, url):
    User.objects.filter(pk=alice.pk).update(username="alicia")
    response = alice_client.get(url, headers={"If-None-Match": task["ETag"]})

    assert (response.status_code, response.json()["owner"], response.json()["version"]) == (200, "alicia", 1)


@pytest.mark.parametrize("condition", ['"1"', 'W/"1"', '"7", "1"', '"1.abc"', "*"])
def test_the_seen_version_may_be_changed(alice_client, url, condition):
    assert patch(alice_client, url, {"title": "Buy bread"}, If_Match=condition).status_code == 200


def test_who_is_behind_is_told_all_that_a_merge_needs(alice_client, url):
    patch(alice_client, url, {"title": "Buy bread"})
    patch(alice_client, url, {"status": "done"})
    response = patch(alice_client, url, {"title": "Buy eggs"}, If_Match='"1"')
    problem = response.json()

    assert (response.status_code, problem["code"]) == (412, "precondition_failed")
    assert (problem["current_version"], problem["changed_fields"]) == (3, ["status", "title"])
    assert problem["current"] == alice_client.get(url).json()
    assert problem["current"]["title"] == "Buy bread"


@pytest.mark.parametrize("condition", ['"9"', '"abc"', '"0"', '""', '"1x"', '"99999999999"'])
def test_a_version_that_never_was_does_not_match_and_tells_of_no_fields(alice_client, url, condition):
    response = patch(alice_client, url, {"title": "Buy eggs"}, If_Match=condition)

    assert (response.status_code, response.json()["changed_fields"]) == (412, None)


@pytest.mark.parametrize("condition", ["", "1", '"1', '1"', '"1" "2"', '"1",,', "W/1", '*, "1"', '"a b"'])
@pytest.mark.parametrize("method", ["patch", "delete"])
def test_a_condition_that_cannot_be_read_is_refused(alice_client, url, method, condition):
    response = getattr(alice_client, method)(url, {"title": "Buy eggs"}, headers={"If-Match": condition})

    assert response.status_code == 400
    assert response.json()["errors"][0]["header"] == "If-Match"
    assert Task.objects.get().title == "Buy milk"


def test_a_condition_holds_for_a_deletion_too(alice_client, url):
    patch(alice_client, url, {"title": "Buy bread"})

    assert alice_client.delete(url, headers={"If-Match": '"1"'}).json()["changed_fields"] == ["title"]
    assert alice_client.delete(url, headers={"If-Match": '"2"'}).status_code == 204


def test_what_is_not_there_is_not_found_whatever_the_condition(alice_client):
    for condition in ("*", '"1"'):
        assert patch(alice_client, f"/tasks/{UNSEEN}", {}, If_Match=condition).status_code == 404


def test_an_object_that_is_behind_is_a_conflict_before_its_fields_are_looked_at(alice_client, task, url):
    patch(alice_client, url, {"status": "done"})
    response = patch(alice_client, url, {**task.json(), "title": "Buy eggs"})

    assert (response.status_code, response.json()["changed_fields"]) == (412, ["status"])


@pytest.mark.parametrize("version", [2, "x", None, 0, -1, 1.5])
def test_a_version_that_is_ahead_or_none_is_refused(alice_client, url, version):
    response = patch(alice_client, url, {"version": version, "title": "Buy eggs"})

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/version")


def test_who_wants_no_body_gets_none(alice_client, url):
    response = patch(alice_client, url, {"title": "Buy bread"}, Prefer="handling=strict, return=minimal")

    assert (response.status_code, response.content) == (204, b"")
    assert (response["ETag"][:3], response["Preference-Applied"]) == ('"2.', "return=minimal")


def test_a_writer_that_forgets_the_version_changes_it_all_the_same(alice_client, url):
    Task.objects.update(title="Buy bread")

    assert alice_client.get(url).json()["version"] == 2


def test_an_account_has_versions_too(alice, alice_client):
    first = alice_client.get("/auth/me")
    alice_client.patch("/auth/me", {"email": "alice@example.com"})
    response = patch(alice_client, "/auth/me", {"email": None}, If_Match=first["ETag"])

    assert (response.status_code, response.json()["changed_fields"]) == (412, ["email"])
    assert [event.resource for event in alice.events.all()] == ["user"]


def test_a_client_may_choose_the_id(alice_client):
    chosen = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"  # version 1

    assert alice_client.post("/tasks/", {"id": chosen.upper(), "title": "Buy milk"}).json()["id"] == chosen


@pytest.mark.parametrize("chosen", ["", "x", 12, [], "6ba7b8109dad11d180b400c04fd430c8", f"{{{UNSEEN}}}", "x" * 36])
def test_an_id_is_a_uuid_as_it_is_usually_written(alice_client, chosen):
    response = alice_client.post("/tasks/", {"id": chosen, "title": "Buy milk"})

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/id")


@pytest.mark.parametrize("name", ["alice", "bob"])
@pytest.mark.parametrize("deleted", [False, True])
def test_an_id_that_is_or_was_in_use_is_refused_whoever_asks(request, alice_client, task, url, name, deleted):
    if deleted:
        alice_client.delete(url)
    response = client_of(request.getfixturevalue(name)).post("/tasks/", {"id": task.json()["id"], "title": "Mine"})

    assert (response.status_code, response.json()["code"]) == (409, "id_conflict")
