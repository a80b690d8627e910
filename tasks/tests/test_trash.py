"""Deleted tasks, and how they come back."""

from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.testing import assert_enqueued, drain
from tasks.handlers import purge_trash
from tasks.models import Comment, Task, TaskSearch
from tasks.tests.factories import CommentFactory, DependencyFactory, TaskFactory


@pytest.fixture
def family(alice):
    parent = TaskFactory(owner=alice, title="Cake")
    return [parent, *(TaskFactory(owner=alice, parent=parent, title=title) for title in ("Flour", "Eggs"))]


def titles(client, query=""):
    return [task["title"] for task in client.get(f"/tasks/?{query}").json()["items"]]


def test_what_is_deleted_is_in_the_trash_alone(alice_client, family):
    url = f"/tasks/{family[1].pk}"
    assert alice_client.delete(url).status_code == 204

    assert [client.status_code for client in (alice_client.get(url), alice_client.delete(url))] == [404, 404]
    assert alice_client.patch(url, {"title": "x"}).status_code == 404
    assert (titles(alice_client), titles(alice_client, "deleted=true")) == (["Eggs", "Cake"], ["Flour"])
    assert alice_client.get("/tasks/?deleted=true").json()["items"][0]["deleted_at"]


def test_it_comes_back_as_it_was_with_another_version(alice_client, family):
    url = f"/tasks/{family[1].pk}"
    before = alice_client.get(url).json()
    alice_client.delete(url)
    back = alice_client.post(f"{url}/restore")
    events = [event["kind"] for event in alice_client.get(f"{url}/events").json()["items"]]

    changed = {"version": 3, "updated_at": back.json()["updated_at"]}
    assert (back.status_code, back.json()) == (200, {**before, **changed})
    assert back.json() == alice_client.get(url).json()
    assert events == ["restored", "deleted"]
    assert alice_client.post(f"{url}/restore").json() == back.json()


def test_what_is_under_it_goes_and_comes_with_it_but_not_what_went_before(alice_client, family):
    url = f"/tasks/{family[0].pk}"
    alice_client.delete(f"/tasks/{family[2].pk}")
    alice_client.delete(url)
    assert titles(alice_client) == []
    alice_client.post(f"{url}/restore")

    assert (titles(alice_client), titles(alice_client, "deleted=true")) == (["Flour", "Cake"], ["Eggs"])
    assert alice_client.get(url).json()["subtasks"] == {"total": 1, "done": 0}


def test_a_child_that_comes_back_alone_has_no_parent(alice_client, family):
    alice_client.delete(f"/tasks/{family[0].pk}")
    back = alice_client.post(f"/tasks/{family[1].pk}/restore").json()

    assert (back["parent"], titles(alice_client)) == (None, ["Flour"])


@pytest.mark.django_db(transaction=True)
def test_many_under_one_go_and_come_by_jobs(alice, alice_client, family, monkeypatch):
    monkeypatch.setattr("tasks.trash.MOST_AT_ONCE", 2)
    monkeypatch.setattr("tasks.handlers.BATCH", 2)
    for _ in range(3):
        TaskFactory(owner=alice, parent=family[1])
    url = f"/tasks/{family[0].pk}"
    alice_client.delete(url)
    assert alice_client.get(url).status_code == 404
    drain("delete_subtasks")
    assert Task.objects.filter(deleted_at=None).count() == 0

    assert alice_client.post(f"{url}/restore").status_code == 200
    job = assert_enqueued("restore_subtasks")
    assert drain("restore_subtasks") == {job.pk: "succeeded"}
    assert Task.objects.filter(deleted_at=None).count() == 6
    assert alice_client.get(url).json()["subtasks"] == {"total": 2, "done": 0}


def test_after_thirty_days_it_is_gone_with_all_that_belongs_to_it(alice, alice_client, family, monkeypatch):
    monkeypatch.setattr("jobs.running.heartbeat", lambda *args: None)
    monkeypatch.setattr("jobs.running.check_cancelled", lambda job: None)
    CommentFactory(task=family[0])
    DependencyFactory(task=family[0], needs=TaskFactory(owner=alice))
    for task, days in ((family[0], 31), (family[1], 29)):
        Task.objects.filter(pk=task.pk).update(deleted_at=timezone.now() - timedelta(days=days))

    assert purge_trash(None) == {"purged": 1}
    assert (Comment.objects.count(), Task.objects.get(pk=family[2].pk).parent) == (0, None)
    assert alice_client.post(f"/tasks/{family[0].pk}/restore").status_code == 404
    assert alice_client.post(f"/tasks/{family[1].pk}/restore").status_code == 200


def test_the_key_of_a_deleted_task_is_free_and_who_comes_back_later_is_refused(alice_client):
    key = {"title": "x", "external_source": "jira", "external_key": "7"}
    url = alice_client.post("/tasks/", key)["Location"]
    alice_client.delete(url)
    assert alice_client.post("/tasks/", key).status_code == 201


def test_a_deleted_task_still_takes_its_id(alice_client, family):
    alice_client.delete(f"/tasks/{family[1].pk}")

    assert alice_client.post("/tasks/", {"id": str(family[1].pk), "title": "x"}).json()["code"] == "id_conflict"


def test_a_batch_deletes_what_is_under_a_task_too(alice_client, family):
    delete = {"op": "delete", "id": str(family[0].pk)}
    child = {"op": "update", "id": str(family[1].pk), "changes": {"title": "x"}}
    body = {"operations": [delete, child], "atomic": False}
    results = alice_client.post("/tasks/batch", body).json()["results"]

    assert [result["status"] for result in results] == [204, 404]
    assert titles(alice_client) == []
    assert not TaskSearch.objects.exists()


def test_staff_put_tasks_into_the_trash(alice_client, boss_client, family):
    boss_client.post(f"/admin/tasks/task/{family[0].pk}/delete/", {"post": "yes"})

    assert len(titles(alice_client, "deleted=true")) == 3
