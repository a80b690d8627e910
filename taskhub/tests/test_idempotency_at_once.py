"""Two requests with one key at once. Real threads on real connections."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, transaction

from accounts.tests.factories import UserFactory
from conftest import client_of
from devstack.service import wait_until
from taskhub.api.models import IdempotencyKey
from tasks.models import Task
from tasks.tests.factories import TaskFactory
from tasks.tests.test_change_at_once import somebody_waits_for_a_lock

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(params=["create", "change"])
def send(request):
    """Sends the same request each time: one of a single statement, or one of a transaction."""
    alice = UserFactory(username="alice")
    task = TaskFactory(owner=alice)

    def send(lock_timeout="5s"):
        with connection.cursor() as cursor:
            cursor.execute(f"SET lock_timeout = '{lock_timeout}'")
        client, headers = client_of(alice), {"Idempotency-Key": "k1"}
        try:
            if request.param == "create":
                return client.post("/tasks/", {"title": "Milk"}, headers=headers)
            return client.patch(f"/tasks/{task.pk}", {"title": "Milk"}, headers=headers)
        finally:
            connection.close()

    return send


def test_the_second_waits_for_the_first_and_has_its_answer(send):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = send_inside(send)
            second = pool.submit(send)
            wait_until(somebody_waits_for_a_lock)
        again = second.result()

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Idempotency-Replayed"] == "true"


def test_who_waits_too_long_is_told_that_the_key_is_in_use(send):
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        send_inside(send)
        second = pool.submit(send, "100ms").result()

    assert (second.status_code, second.json()["code"]) == (409, "idempotency_key_in_use")
    assert second["Retry-After"] == "1"


def test_when_the_first_fails_after_all_the_second_is_done(send):
    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            send_inside(send)
            second = pool.submit(send)
            wait_until(somebody_waits_for_a_lock)
            transaction.set_rollback(True)
        done = second.result()

    assert done.status_code < 300
    assert "Idempotency-Replayed" not in done
    assert (Task.objects.filter(title="Milk").count(), IdempotencyKey.objects.count()) == (1, 1)


def send_inside(send):
    """In the transaction of this thread, which stays open."""
    close, connection.close = connection.close, lambda: None
    try:
        return send()
    finally:
        connection.close = close
