"""Lists of tasks over HTTP."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import IntegrityError, connection, transaction

from conftest import client_of
from events.models import Event
from jobs.testing import assert_enqueued, drain
from tasks.models import Task, TaskList
from tasks.tests.factories import ListFactory, TaskFactory


@pytest.fixture
def home(alice):
    return ListFactory(owner=alice, name="Home")


def tasks_of(client, query):
    return [task["title"] for task in client.get(f"/tasks/?{query}").json()["items"]]


def test_a_task_is_put_into_a_list_and_taken_out(alice_client, home):
    made = alice_client.post("/tasks/", {"title": "Milk", "list": str(home.pk)})
    alice_client.post("/tasks/", {"title": "Bread"})

    assert (made.status_code, made.json()["list"]) == (201, str(home.pk))
    assert tasks_of(alice_client, f"list={home.pk}") == ["Milk"]
    assert tasks_of(alice_client, "list=none") == ["Bread"]
    alice_client.patch(made["Location"], {"list": None})
    assert tasks_of(alice_client, "list=none") == ["Bread", "Milk"]


def test_a_list_of_somebody_else_is_not_there(alice_client, bob, bob_client):
    theirs = str(ListFactory(owner=bob).pk)
    url = alice_client.post("/tasks/", {"title": "Milk"})["Location"]
    answers = [alice_client.post("/tasks/", {"title": "x", "list": theirs}), alice_client.patch(url, {"list": theirs})]
    batch = alice_client.post(
        "/tasks/batch", {"operations": [{"op": "create", "task": {"title": "x", "list": theirs}}]}
    )

    assert [answer.json()["errors"][0]["code"] for answer in answers] == ["does_not_exist"] * 2
    assert batch.json()["errors"][0]["pointer"] == "/operations/0/task/list"
    assert tasks_of(alice_client, f"list={theirs}") == []


def test_the_single_answer_counts_its_tasks_by_status_and_the_etag_tells(alice, alice_client, home):
    url = f"/lists/{home.pk}"
    before = alice_client.get(url)
    TaskFactory(owner=alice, list=home, status="done")
    TaskFactory(owner=alice, list=home)
    after = alice_client.get(url, headers={"If-None-Match": before["ETag"]})

    assert before.json()["tasks"] == {"todo": 0, "in_progress": 0, "done": 0, "cancelled": 0}
    assert after.json()["tasks"] == {"todo": 1, "in_progress": 0, "done": 1, "cancelled": 0}


def test_lists_come_in_the_order_that_their_owner_gave_them(alice, alice_client):
    first, second, third = (str(ListFactory(owner=alice).pk) for _ in range(3))
    moved = alice_client.post(f"/lists/{third}/move", {"before": first})
    alice_client.post(f"/lists/{first}/move", {"after": second})

    pages = [alice_client.get("/lists/?limit=2").json()]
    pages.append(alice_client.get(f"/lists/?limit=2&cursor={pages[0]['meta']['next_cursor']}").json())
    assert [one["id"] for page in pages for one in page["items"]] == [third, second, first]
    assert (moved.status_code, moved.json()["version"]) == (200, 2)


def test_archived_lists_are_told_apart(alice, alice_client, home):
    ListFactory(owner=alice, name="Old", archived=True)
    names = {value: [one["name"] for one in alice_client.get(f"/lists/?archived={value}").json()["items"]]
             for value in ("true", "false")}  # fmt: skip

    assert names == {"true": ["Old"], "false": ["Home"]}


@pytest.mark.parametrize("what", ["move", "delete"])
def test_its_tasks_leave_a_list_that_is_deleted_or_go_into_the_trash(alice, alice_client, home, what):
    task = TaskFactory(owner=alice, list=home, title="Milk")
    child = TaskFactory(owner=alice, parent=task, title="Oat milk")
    answer = alice_client.delete(f"/lists/{home.pk}?tasks={what}")

    assert (answer.status_code, TaskList.objects.filter(deleted_at=None).count()) == (204, 0)
    assert tasks_of(alice_client, "list=none") == (["Oat milk", "Milk"] if what == "move" else [])
    assert len(tasks_of(alice_client, "deleted=true")) == (0 if what == "move" else 2)
    (event,) = Event.objects.filter(resource_id=task.pk)
    assert event.kind == ("updated" if what == "move" else "deleted")
    assert Task.objects.get(pk=child.pk).version == (1 if what == "move" else 2)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["move", "delete"])
def test_a_list_of_many_tasks_is_gone_at_once_and_a_job_takes_them(alice, alice_client, home, monkeypatch, what):
    monkeypatch.setattr("tasks.views.lists.MOST_AT_ONCE", 3)
    monkeypatch.setattr("tasks.handlers.BATCH", 2)
    for _ in range(5):
        TaskFactory(owner=alice, list=home)
    answer = alice_client.delete(f"/lists/{home.pk}?tasks={what}")
    assert (answer.status_code, alice_client.get(f"/lists/{home.pk}").status_code) == (202, 404)
    refused = alice_client.post("/tasks/", {"title": "x", "list": str(home.pk)})
    assert refused.status_code == 400

    job = assert_enqueued("empty_list", owner=alice)
    assert drain("empty_list") == {job.pk: "succeeded"}
    assert (answer["Location"], answer.json()) == (f"/jobs/{job.pk}", {"job_id": job.pk})
    assert not Task.objects.filter(list=home.pk, deleted_at=None).exists()
    assert Task.objects.filter(deleted_at=None).count() == (5 if what == "move" else 0)


def test_the_database_refuses_a_list_of_another_owner(bob, home):
    TaskFactory(owner=bob, list=home)

    with pytest.raises(IntegrityError, match="tasks_list_fk"):
        connection.check_constraints()
    transaction.set_rollback(True)


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({}, "/name", "required"),
        ({"name": " "}, "/name", "blank"),
        ({"name": "x" * 101}, "/name", "max_length"),
        ({"name": 7}, "/name", "invalid"),
        ({"name": "x", "colour": "red"}, "/colour", "invalid"),
        ({"name": "x", "archived": "yes"}, "/archived", "invalid"),
        ({"name": "x", "position": "a"}, "/position", "read_only_field"),
    ],
)
def test_what_is_no_list_is_refused(alice_client, fields, pointer, code):
    answer = alice_client.post("/lists/", fields)

    assert answer.status_code == 400
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_a_task_that_comes_back_is_in_no_list_that_was_deleted(alice, alice_client, home):
    task = TaskFactory(owner=alice, list=home)
    alice_client.delete(f"/tasks/{task.pk}")
    alice_client.delete(f"/lists/{home.pk}")

    assert alice_client.post(f"/tasks/{task.pk}/restore").json()["list"] is None


@pytest.mark.django_db(transaction=True)
def test_a_task_that_is_made_while_its_list_is_deleted_is_not_left_in_it(alice):
    """Only a lock can tell: the row of the list stays, so no foreign key does."""

    def act(call):
        try:
            return call(client_of(alice)).status_code
        finally:
            connection.close()

    for _ in range(8):
        url = f"/lists/{ListFactory(owner=alice).pk}"
        body = {"title": "Milk", "list": url.rpartition("/")[2]}
        calls = (lambda client: client.post("/tasks/", body), lambda client: client.delete(url))  # noqa: B023
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(act, calls))[1] == 204
        assert not Task.objects.filter(list__deleted_at__isnull=False, deleted_at=None).exists()
