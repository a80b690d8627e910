"""What two requests at once do to one task. Real threads on real connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.tests.factories import UserFactory
from conftest import client_of
from devstack.service import wait_until
from events.models import Actor, Via
from tasks.models import Task
from tasks.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db(transaction=True)
ALICE = Actor("alice", Via.API)


@pytest.fixture
def task():
    return TaskFactory(owner=UserFactory(username="alice"), title="Buy milk")


def patch(task, change):
    try:
        return client_of(task.owner).patch(f"/tasks/{task.pk}", change)
    finally:
        connection.close()


def test_changes_of_different_fields_both_survive(task):
    with ThreadPoolExecutor(2) as pool:
        for n in range(20):
            changes = {"title": f"Title {n}"}, {"description": f"Description {n}"}
            answers = list(pool.map(patch, [task] * 2, changes))
            task.refresh_from_db()

            assert [answer.status_code for answer in answers] == [200, 200]
            assert (task.title, task.description) == (f"Title {n}", f"Description {n}")


def test_a_change_waits_for_another_and_sees_what_it_did(task):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Task.objects.filter(pk=task.pk).select_for_update().get().change(ALICE, status="done")
            second = pool.submit(patch, task, {"title": "Bought milk"})
        answer = second.result().json()

    assert (answer["title"], answer["status"]) == ("Bought milk", "done")


def test_a_request_that_fails_after_writing_leaves_nothing_behind(task, monkeypatch):
    monkeypatch.setattr(Task, "shown", lambda self, username: 1 / 0)
    response = patch(task, {"title": "Buy bread"})

    assert response.status_code == 500
    assert Task.objects.get().title == "Buy milk"


def test_a_task_for_a_user_who_is_deleted_meanwhile_is_refused_and_leaves_nothing(task):
    alice_client = client_of(task.owner)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            task.owner.delete()
            second = pool.submit(post, alice_client, {"title": "Buy bread"})
            wait_until(somebody_waits_for_a_lock)
        answer = second.result()

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert Task.objects.count() == 0


def post(client, body):
    try:
        return client.post("/tasks/", body)
    finally:
        connection.close()


def somebody_waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_locks WHERE NOT granted")
        return cursor.fetchone()[0]


def test_events_of_an_owner_are_numbered_in_the_order_of_their_commits(task):
    """So that a reader who remembers the last number misses none that was written earlier and committed later."""
    other = TaskFactory(owner=task.owner)
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            Task.objects.select_for_update().get(pk=task.pk).change(ALICE, status="done")
            second = pool.submit(patch, other, {"status": "done"})
            wait_until(somebody_waits_for_a_lock)
        second.result()

    assert list(task.owner.events.order_by("number").values_list("number", "resource_id")) == [
        (1, task.pk),
        (2, other.pk),
    ]
