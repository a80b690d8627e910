"""Priority, days and instants, and where a task was brought from (CONTRACT section 7)."""

import pytest
from django.db import IntegrityError

from tasks.models import Task
from tasks.tests.factories import TaskFactory

DEFAULTS = {
    "priority": "none",
    "start_date": None,
    "due_date": None,
    "due_at": None,
    "due_timezone": None,
    "external_source": None,
    "external_key": None,
}
NOON = "2026-12-01T12:00:00+01:00"


def create(client, **fields):
    return client.post("/tasks/", {"title": "Milk", **fields})


def errors_of(answer):
    return [(error["pointer"], error["code"]) for error in answer.json()["errors"]]


def test_a_title_is_still_enough(alice_client):
    task = create(alice_client).json()

    assert {name: task[name] for name in DEFAULTS} == DEFAULTS


@pytest.mark.parametrize(
    "fields",
    [
        {"priority": "urgent"},
        {"start_date": "2026-11-30", "due_date": "2026-12-01"},
        {"due_date": "0001-01-01"},
        {"due_at": "2026-12-01T11:00:00Z", "due_timezone": "Europe/Vienna"},
        {"external_source": "todoist", "external_key": "№ 7 / ü"},
    ],
)
def test_what_is_sent_is_kept_in_answers_lists_and_events(alice_client, fields):
    task = create(alice_client, **fields).json()
    (listed,) = alice_client.get("/tasks/").json()["items"]

    assert {name: task[name] for name in fields} == fields
    assert listed == alice_client.get(f"/tasks/{task['id']}").json() == task


def test_an_instant_is_told_in_utc_and_a_day_is_never_shifted(alice, alice_client):
    alice_client.patch("/auth/me", {"time_zone": "Pacific/Auckland"})
    instant, day = (create(alice_client, **due).json() for due in ({"due_at": NOON}, {"due_date": "2026-12-01"}))

    assert (instant["due_at"], day["due_date"]) == ("2026-12-01T11:00:00Z", "2026-12-01")


@pytest.mark.parametrize(
    ("fields", "errors"),
    [
        ({"priority": "huge"}, [("/priority", "invalid_choice")]),
        ({"priority": 3}, [("/priority", "invalid_choice")]),
        ({"due_date": "2026-12-1"}, [("/due_date", "invalid")]),
        ({"due_date": "2026-02-30"}, [("/due_date", "invalid")]),
        ({"due_date": "2026-12-01T00:00:00Z"}, [("/due_date", "invalid")]),
        ({"due_date": "２０２６-12-01"}, [("/due_date", "invalid")]),
        ({"due_date": 20261201}, [("/due_date", "invalid")]),
        ({"start_date": ""}, [("/start_date", "invalid")]),
        ({"due_at": "2026-12-01T12:00:00"}, [("/due_at", "invalid")]),
        ({"due_at": "2026-12-01"}, [("/due_at", "invalid")]),
        ({"due_at": "0001-01-01T00:00:00+14:00"}, [("/due_at", "overflow")]),
        ({"due_at": NOON, "due_timezone": "Vienna"}, [("/due_timezone", "invalid")]),
        ({"due_at": NOON, "due_date": "2026-12-01"}, [("/due_at", "both_given")]),
        ({"due_timezone": "UTC"}, [("/due_timezone", "due_at_missing")]),
        ({"due_date": "2026-12-01", "due_timezone": "UTC"}, [("/due_timezone", "due_at_missing")]),
        ({"external_source": "x"}, [("/external_key", "required")]),
        ({"external_key": "x"}, [("/external_source", "required")]),
        ({"external_source": "", "external_key": "x"}, [("/external_source", "blank")]),
        ({"external_source": "x" * 101, "external_key": "x"}, [("/external_source", "max_length")]),
    ],
)
def test_what_cannot_be_is_refused_with_its_pointer(alice_client, fields, errors):
    answer = create(alice_client, **fields)

    assert (answer.status_code, errors_of(answer)) == (400, errors)


def test_one_kind_of_due_takes_the_place_of_the_other(alice_client):
    url = create(alice_client, due_at=NOON, due_timezone="Europe/Vienna")["Location"]
    refused = alice_client.patch(url, {"due_date": "2026-12-01"})
    changed = alice_client.patch(url, {"due_date": "2026-12-01", "due_at": None}).json()

    assert errors_of(refused) == [("/due_date", "both_given")]
    assert (changed["due_date"], changed["due_at"], changed["due_timezone"]) == ("2026-12-01", None, None)


def test_a_change_is_an_event_that_tells_old_and_new(alice_client):
    url = create(alice_client)["Location"]
    alice_client.patch(url, {"priority": "high", "due_at": NOON})
    changes = alice_client.get(f"{url}/events").json()["items"][0]["changes"]

    assert changes == {
        "priority": {"old": "none", "new": "high"},
        "due_at": {"old": None, "new": "2026-12-01T11:00:00Z"},
    }


@pytest.mark.django_db(transaction=True)
def test_an_external_key_is_there_once_for_each_owner(alice_client, bob_client):
    key = {"external_source": "todoist", "external_key": "7"}
    statuses = [create(client, **key).status_code for client in (alice_client, bob_client, alice_client)]

    assert statuses == [201, 201, 409]


@pytest.mark.django_db(transaction=True)
def test_a_change_or_a_batch_takes_no_key_that_is_taken(alice_client):
    key = {"external_source": "todoist", "external_key": "7"}
    create(alice_client, **key)
    url = create(alice_client)["Location"]
    batch = {"operations": [{"op": "create", "task": {"title": "Milk", **key}}]}
    answers = [alice_client.patch(url, key), alice_client.post("/tasks/batch", batch)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(409, "external_key_taken")] * 2


@pytest.mark.parametrize(
    ("fields", "constraint"),
    [
        ({"priority": "huge"}, "tasks_priority_known"),
        ({"due_date": "2026-12-01", "due_at": NOON}, "tasks_due_once"),
        ({"due_timezone": "UTC"}, "tasks_due_timezone_of_instant"),
        ({"external_key": "7"}, "tasks_external_both_or_neither"),
    ],
)
def test_the_database_refuses_it_whoever_writes(alice, fields, constraint):
    task = TaskFactory(owner=alice)
    with pytest.raises(IntegrityError, match=constraint):
        Task.objects.filter(pk=task.pk).update(**fields)


@pytest.mark.parametrize(
    ("verb", "before", "after"),
    [
        ("complete", "todo", "done"),
        ("complete", "done", "done"),
        ("complete", "cancelled", "done"),
        ("reopen", "done", "todo"),
        ("reopen", "cancelled", "todo"),
        ("reopen", "in_progress", "in_progress"),
    ],
)
def test_a_task_is_completed_and_reopened_once_however_often_it_is_sent(alice_client, verb, before, after):
    url = create(alice_client, status=before)["Location"]
    answers = [alice_client.post(f"{url}/{verb}").json() for _ in range(2)]

    assert [answer["status"] for answer in answers] == [after] * 2
    assert answers[0] == answers[1]
    assert answers[1]["version"] == (1 if before == after else 2)


def test_completing_may_depend_on_the_version(alice_client):
    url = create(alice_client)["Location"]

    assert alice_client.post(f"{url}/complete", headers={"If-Match": '"7"'}).status_code == 412
    assert alice_client.post(f"{url}/complete", headers={"If-Match": '"1"'}).status_code == 200
