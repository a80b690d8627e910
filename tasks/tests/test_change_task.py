import re
from datetime import UTC, datetime

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tasks.models import Status, Task
from tasks.tests.factories import TaskFactory

UNKNOWN = "/tasks/01a1fc34-14b5-7291-a133-fecd6747d90e"


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice, title="Buy milk", description="two litres")


@pytest.fixture
def url(task):
    return f"/tasks/{task.pk}"


def test_only_what_is_given_changes(alice_client, task, url):
    answer = alice_client.patch(url, {"title": "Buy bread"}).json()

    assert (answer["title"], answer["description"], answer["status"]) == ("Buy bread", "two litres", "todo")
    assert alice_client.get(url).json() == answer


def test_a_merge_patch_is_taken(alice_client, url):
    response = alice_client.generic("PATCH", url, '{"description": null}', content_type="application/merge-patch+json")

    assert (response.status_code, response.json()["description"]) == (200, "")


@pytest.mark.parametrize("body", [{}, {"title": "Buy milk"}, {"status": "todo"}, {"title": " Buy milk "}])
def test_a_patch_that_says_nothing_new_changes_nothing(alice_client, task, url, body):
    assert alice_client.patch(url, body).status_code == 200
    assert Task.objects.get().updated_at == task.updated_at


def test_a_change_moves_updated_at_alone(alice_client, task, url):
    answer = alice_client.patch(url, {"title": "Buy bread"}).json()

    assert answer["updated_at"] > answer["created_at"]


@pytest.mark.parametrize("status", Status.values)
@pytest.mark.parametrize("earlier", Status.values)
def test_any_status_may_follow_any_and_completed_at_says_if_it_is_done(alice_client, url, earlier, status):
    alice_client.patch(url, {"status": earlier})
    answer = alice_client.patch(url, {"status": status}).json()

    assert answer["status"] == status
    assert (answer["completed_at"] is not None) == (status == "done")


def test_done_again_keeps_the_time_of_the_first(alice_client, url):
    first = alice_client.patch(url, {"status": "done"}).json()["completed_at"]

    assert alice_client.patch(url, {"status": "done", "title": "Bought milk"}).json()["completed_at"] == first


@pytest.mark.parametrize("field", ["id", "owner", "completed_at", "created_at", "updated_at"])
def test_what_cannot_be_set_is_refused(alice_client, url, field):
    response = alice_client.patch(url, {field: "x"})

    assert response.status_code == 400
    assert response.json()["errors"][0] == {
        "pointer": f"/{field}",
        "code": "read_only_field",
        "detail": "This field cannot be set.",
    }


def test_a_task_may_be_sent_back_whole(alice_client, url):
    task = alice_client.patch(url, {"status": "done"}).json()
    response = alice_client.patch(url, {**task, "title": "Bought milk"})

    assert (response.status_code, response.json()["title"]) == (200, "Bought milk")


@pytest.mark.parametrize("spelling", ["2026-11-21T08:30:00.123Z", "2026-11-21T10:30:00.123456+02:00"])
def test_an_instant_is_the_same_in_another_spelling(alice, alice_client, spelling):
    made = datetime(2026, 11, 21, 8, 30, 0, 123456, UTC)
    task = TaskFactory(owner=alice, created_at=made)

    assert alice_client.patch(f"/tasks/{task.pk}", {"created_at": spelling}).status_code == 200


@pytest.mark.parametrize(
    "spelling", ["2026-11-21T08:30:00.125Z", "2026-11-21", "", None, 0, {}, "9999-12-31T23:59:59-14:00"]
)
def test_another_instant_is_refused(alice, alice_client, spelling):
    made = datetime(2026, 11, 21, 8, 30, 0, 123456, UTC)
    task = TaskFactory(owner=alice, created_at=made)
    response = alice_client.patch(f"/tasks/{task.pk}", {"created_at": spelling})

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "read_only_field")


def test_it_takes_the_user_check_a_lock_an_update_and_an_event_in_a_transaction(
    alice_client, url, django_assert_num_queries
):
    with django_assert_num_queries(6):  # and savepoint and release
        alice_client.patch(url, {"title": "Buy bread"})


def test_every_statement_names_the_owner(alice_client):
    with CaptureQueriesContext(connection) as captured:
        path = alice_client.post("/tasks/", {"title": "Buy milk"})["Location"]
        alice_client.get("/tasks/")
        alice_client.get(path)
        alice_client.patch(path, {"title": "Buy bread"})
        alice_client.delete(path)
    ours = [query["sql"].strip() for query in captured if re.search('(FROM|INTO|UPDATE) "?tasks', query["sql"])]
    without = [sql for sql in ours if "owner_id" not in sql.partition("tasks")[2]]

    assert [sql.split()[0] for sql in ours] == [
        "WITH",
        "WITH",
        "WITH",
        "SELECT",
        "UPDATE",
        "SELECT",
        "WITH",
        "SELECT",
        "UPDATE",
    ]
    assert without == []


def test_another_users_task_is_not_found(bob_client, task, url):
    for response in (bob_client.get(url), bob_client.patch(url, {"title": "Mine"}), bob_client.delete(url)):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert Task.objects.get().title == "Buy milk"


def test_it_needs_a_token(anonymous_client, url):
    for response in (anonymous_client.get(url), anonymous_client.patch(url, {}), anonymous_client.delete(url)):
        assert response.status_code == 401


@pytest.mark.parametrize("path", [UNKNOWN, "/tasks/1", "/tasks/not-a-uuid", "/tasks/" + "0" * 5000, "/tasks/%00"])
def test_an_unknown_or_malformed_id_is_not_found(alice_client, path):
    for response in (alice_client.get(path), alice_client.patch(path, {}), alice_client.delete(path)):
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_an_id_has_no_case_and_no_slash_of_its_own(alice_client, url):
    assert alice_client.get(f"{url.upper().replace('TASKS', 'tasks')}/").status_code == 200


def test_reading_one_task_is_one_statement_that_looks_the_user_up(alice_client, url, django_assert_num_queries):
    with django_assert_num_queries(1):
        alice_client.get(url)


def test_a_deleted_task_is_gone(alice_client, url):
    response = alice_client.delete(url)

    assert (response.status_code, response.content) == (204, b"")
    assert alice_client.get(url).status_code == 404
    assert alice_client.delete(url).status_code == 404


def test_the_statements_of_deleting_are_counted(alice_client, url, django_assert_num_queries):
    # user, lock of the tree, the task, what is under it, their locks, update, event; savepoint and release
    with django_assert_num_queries(9):
        alice_client.delete(url)


def test_verbs_the_contract_does_not_name_are_refused(alice_client, url):
    response = alice_client.put(url, {"title": "x"})

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, PATCH, DELETE, HEAD"
