"""Tasks under tasks."""

import pytest

from conftest import client_of
from tasks.models import Task
from tasks.tests.factories import TaskFactory


@pytest.fixture
def chain(alice):
    """Three levels, the highest first."""
    tasks = [TaskFactory(owner=alice, title="0")]
    for n in (1, 2):
        tasks.append(TaskFactory(owner=alice, parent=tasks[-1], title=str(n)))
    return tasks


def under(client, pk):
    return [task["title"] for task in client.get(f"/tasks/{pk}/subtasks").json()["items"]]


def test_direct_children_come_by_position_and_the_parent_tells_how_many_are_done(alice_client):
    parent = alice_client.post("/tasks/", {"title": "Cake"}).json()["id"]
    made = [alice_client.post("/tasks/", {"title": title, "parent": parent}).json() for title in ("Flour", "Eggs")]
    alice_client.post(f"/tasks/{made[1]['id']}/complete")
    alice_client.post(f"/tasks/{made[1]['id']}/move", {"before": made[0]["id"]})

    assert under(alice_client, parent) == ["Eggs", "Flour"]
    assert alice_client.get(f"/tasks/{parent}").json()["subtasks"] == {"total": 2, "done": 1}
    assert [task["title"] for task in alice_client.get("/tasks/?parent=none").json()["items"]] == ["Cake"]


@pytest.mark.parametrize(
    ("write", "expected"),
    [
        ({"status": "done"}, (1, 1)),
        ({"status": "cancelled"}, (0, 0)),
        ({"parent": None}, (0, 0)),
        ({"title": "x"}, (1, 0)),
    ],
)
def test_progress_follows_each_change_and_so_does_the_etag(alice_client, chain, write, expected):
    url = f"/tasks/{chain[1].pk}"
    before = alice_client.get(url)
    alice_client.patch(f"/tasks/{chain[2].pk}", write)
    after = alice_client.get(url)

    assert (after.json()["subtasks"]["total"], after.json()["subtasks"]["done"]) == expected
    assert (after["ETag"] != before["ETag"]) == (after.json() != before.json())
    assert after.json()["version"] == before.json()["version"]


def test_a_task_is_not_under_itself_and_the_answer_tells_the_way(alice_client, chain):
    answer = alice_client.patch(f"/tasks/{chain[0].pk}", {"parent": str(chain[2].pk)})
    ids = [str(task.pk) for task in chain]

    assert (answer.status_code, answer.json()["code"]) == (409, "cycle")
    assert answer.json()["path"] == [ids[0], ids[2], ids[1], ids[0]]
    assert alice_client.patch(f"/tasks/{ids[0]}", {"parent": ids[0]}).json()["path"] == [ids[0], ids[0]]


def test_there_are_four_levels_counted_up_and_down(alice, alice_client, chain):
    fourth = alice_client.post("/tasks/", {"title": "3", "parent": str(chain[2].pk)})
    fifth = alice_client.post("/tasks/", {"title": "4", "parent": fourth.json()["id"]})
    above = alice_client.patch(f"/tasks/{chain[0].pk}", {"parent": str(TaskFactory(owner=alice).pk)})

    assert fourth.status_code == 201
    assert [answer.json()["code"] for answer in (fifth, above)] == ["too_deep"] * 2


def test_the_parent_has_to_be_there_and_ones_own(alice, bob, alice_client):
    gone = TaskFactory(owner=alice)
    alice_client.delete(f"/tasks/{gone.pk}")
    for pk in (gone.pk, TaskFactory(owner=bob).pk):
        answer = alice_client.post("/tasks/", {"title": "x", "parent": str(pk)})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/parent")


def test_completing_and_moving_a_parent_to_a_list_leave_its_children_as_they_are(alice_client, chain):
    home = alice_client.post("/lists/", {"name": "Home"}).json()["id"]
    alice_client.patch(f"/tasks/{chain[0].pk}", {"list": home, "status": "done"})
    child = alice_client.get(f"/tasks/{chain[1].pk}").json()

    assert (child["status"], child["list"], child["parent"]) == ("todo", None, str(chain[0].pk))


def test_a_batch_may_make_a_parent_and_its_child_and_is_held_to_the_same_rules(alice_client, chain):
    parent = "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c"
    create = [
        {"op": "create", "task": {"id": parent, "title": "Cake", "labels": ["home"]}},
        {"op": "create", "task": {"title": "Flour", "parent": parent}},
        {"op": "update", "id": str(chain[0].pk), "changes": {"parent": parent}},
        {"op": "update", "id": parent, "changes": {"parent": str(chain[2].pk)}},
    ]
    results = alice_client.post("/tasks/batch", {"operations": create, "atomic": False}).json()["results"]

    assert [result["status"] for result in results] == [201, 201, 200, 409]
    assert results[3]["problem"]["code"] == "cycle"
    assert alice_client.get(f"/tasks/{parent}").json()["subtasks"] == {"total": 2, "done": 0}


@pytest.mark.django_db(transaction=True)
def test_of_two_that_would_make_a_circle_at_once_one_is_refused(alice):
    """Each alone is allowed: only a lock of the whole tree can tell."""
    from concurrent.futures import ThreadPoolExecutor

    from django.db import connection

    one, other = TaskFactory(owner=alice), TaskFactory(owner=alice)

    def put(pair):
        try:
            return client_of(alice).patch(f"/tasks/{pair[0].pk}", {"parent": str(pair[1].pk)}).status_code
        finally:
            connection.close()

    for _ in range(5):
        Task.objects.update(parent=None)
        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(put, [(one, other), (other, one)])) == [200, 409]
