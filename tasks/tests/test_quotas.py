"""How much a user may have."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from accounts.models import Session, User
from accounts.tests.factories import SessionFactory
from conftest import client_of, staff_client
from events.models import EventSequence
from taskhub.tests.pages import form_of
from tasks.models import Task

pytestmark = pytest.mark.django_db(transaction=True)
MILK = {"title": "Milk"}


def post(client, title="Milk", **headers):
    return client.post("/tasks/", {"title": title}, headers=headers)


def used(user):
    return EventSequence.objects.values_list("tasks", "bytes").get(owner=user)


def as_staff(boss, task, **fields):
    client, url = staff_client(boss), f"/admin/tasks/task/{task.pk}/change/"
    assert client.post(url, {**form_of(client.get(url)), **fields}).status_code == 302


def test_what_exceeds_it_is_refused_with_the_figure(alice_client, settings):
    settings.QUOTA_TASKS = 2
    statuses = [post(alice_client).status_code for _ in range(2)]
    answer = post(alice_client)

    assert (statuses, answer.status_code, answer.json()["code"]) == ([201, 201], 409, "quota_exceeded")
    assert answer.json()["detail"] == "You may have 2 tasks."


def test_whoever_deletes_one_may_have_another(alice_client, settings):
    settings.QUOTA_TASKS = 1
    url = post(alice_client)["Location"]
    alice_client.delete(url)

    assert post(alice_client).status_code == 201


def test_it_is_counted_by_whatever_writes(alice, alice_client, boss):
    url = post(alice_client, "Käse")["Location"]
    alice_client.patch(url, {"description": "x" * 10})
    create = {"op": "create", "task": MILK}
    alice_client.post("/tasks/batch", {"operations": [create, create, {"op": "delete", "id": url.split("/")[2]}]})
    here = Task.objects.filter(deleted_at=None)
    as_staff(boss, here.first(), title="Salz")
    as_staff(boss, here.last(), description="ü")

    assert used(alice) == (2, 10)


def test_lists_labels_filters_and_comments_are_no_tasks_but_their_bytes_count(alice, alice_client):
    url = post(alice_client)["Location"]
    made = [
        alice_client.post("/lists/", {"name": "Home"}),
        alice_client.post("/labels/", {"name": "urgent"}),
        alice_client.post("/filters/", {"name": "Open", "query": "status=todo"}),
        alice_client.post(f"{url}/comments", {"text": "Ask first."}),
    ]
    assert [answer.status_code for answer in made] == [201] * 4
    assert used(alice)[0] == 1
    for answer in made:
        alice_client.delete(answer["Location"])

    assert used(alice) == (1, len("Milk"))


def test_bytes_are_counted_when_text_grows(alice, alice_client, settings):
    settings.QUOTA_BYTES = 10
    url = post(alice_client)["Location"]
    answers = [alice_client.patch(url, {"description": "x" * n}) for n in (6, 7, 2, 6)]

    assert [answer.status_code for answer in answers] == [200, 409, 200, 200]
    assert used(alice) == (1, 10)


def test_a_batch_that_exceeds_it_changes_nothing(alice, alice_client, settings):
    settings.QUOTA_TASKS = 1
    operations = [{"op": "create", "task": MILK}] * 2
    answer = alice_client.post("/tasks/batch", {"operations": operations, "atomic": False})

    assert (answer.status_code, Task.objects.count()) == (409, 0)


def test_a_lower_quota_keeps_nobody_from_changing_and_deleting(alice_client, settings):
    urls = [post(alice_client)["Location"] for _ in range(3)]
    settings.QUOTA_TASKS = 1
    answers = [alice_client.patch(urls[0], {"status": "done"}), alice_client.delete(urls[0])]

    assert [answer.status_code for answer in answers] == [200, 204]
    assert post(alice_client).status_code == 409


def test_staff_is_not_held_to_it(alice, alice_client, boss, settings):
    settings.QUOTA_BYTES = 10
    post(alice_client)
    as_staff(boss, Task.objects.get(), description="x" * 10)

    assert used(alice) == (1, 14)
    assert post(alice_client).status_code == 409


def test_of_many_at_once_exactly_as_many_succeed_as_may(alice, settings):
    settings.QUOTA_TASKS = 5

    def create(_):
        try:
            return post(client_of(alice)).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(create, range(16)))
    assert (statuses.count(201), statuses.count(409)) == (5, 11)


def test_a_repeated_request_is_answered_also_when_the_quota_is_used_up(alice_client, settings):
    settings.QUOTA_TASKS = 1
    answers = [post(alice_client, **{"Idempotency-Key": "k"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [201, 201]


def test_personal_tokens_have_one_too(alice_client, settings):
    settings.QUOTA_TOKENS = 1
    body = {"name": "x", "scopes": ["tasks:read"]}

    assert [alice_client.post("/auth/tokens", body).status_code for _ in range(2)] == [201, 409]


def test_of_sessions_the_one_ends_that_was_used_longest_ago(alice, settings):
    settings.QUOTA_SESSIONS = 2
    old, new = SessionFactory(owner=alice), SessionFactory(owner=alice)
    Session.objects.filter(pk=new.pk).update(last_used_at=old.last_used_at.replace(year=2000))
    answer = client_of().post("/auth/login", {"username": "alice", "password": "correct horse battery"})

    assert (answer.status_code, Session.objects.count()) == (200, 2)
    assert list(Session.objects.filter(pk__in=[old.pk, new.pk])) == [old]
    assert User.objects.get().is_active
