"""What was done to a task, as its owner reads it."""

from datetime import timedelta

import pytest
from django.utils import timezone

from conftest import client_of
from events.handlers import old_events
from events.models import LONGEST_VALUE, Actor, Change, Event, Kind, Via
from jobs.running import delete_batch
from tasks.models import Task
from tasks.tests.factories import TaskFactory


@pytest.fixture
def url(alice_client):
    return alice_client.post("/tasks/", {"title": "Buy milk"}, headers={"X-Request-ID": "r1"})["Location"]


def test_each_version_has_one_event_and_the_newest_is_first(alice_client, url):
    alice_client.patch(url, {"title": "Buy bread", "status": "done"}, headers={"X-Request-ID": "r2"})
    updated, created = alice_client.get(f"{url}/events").json()["items"]

    assert (updated["version"], updated["kind"], updated["actor"], updated["request_id"]) == (
        2,
        "updated",
        "alice",
        "r2",
    )
    assert updated["changes"] == {
        "title": {"old": "Buy milk", "new": "Buy bread"},
        "status": {"old": "todo", "new": "done"},
    }
    assert (created["version"], created["kind"], created["request_id"], created["changes"]) == (1, "created", "r1", {})


def test_a_deleted_task_still_tells_what_was_lost(alice_client, url):
    alice_client.delete(url)
    deleted, _ = alice_client.get(f"{url}/events").json()["items"]

    assert (deleted["version"], deleted["kind"]) == (2, "deleted")
    assert deleted["changes"]["title"] == {"old": "Buy milk", "new": None}


def test_they_come_in_pages(alice_client, url):
    for n in range(4):
        alice_client.patch(url, {"title": f"Title {n}"})
    first = alice_client.get(f"{url}/events", {"limit": 3}).json()
    second = alice_client.get(f"{url}/events", {"limit": 3, "cursor": first["meta"]["next_cursor"]}).json()

    assert [event["version"] for event in first["items"] + second["items"]] == [5, 4, 3, 2, 1]


def test_bob_does_not_see_them(bob_client, alice_client, url):
    assert bob_client.get(f"{url}/events").status_code == 404
    alice_client.delete(url)
    assert bob_client.get(f"{url}/events").status_code == 404


def test_a_task_of_before_has_none(alice, alice_client):
    assert alice_client.get(f"/tasks/{TaskFactory(owner=alice).pk}/events").json()["items"] == []


def test_a_long_text_is_cut(alice_client, url):
    alice_client.patch(url, {"description": "x" * 10_000})
    new = alice_client.get(f"{url}/events").json()["items"][0]["changes"]["description"]["new"]

    assert new == "x" * LONGEST_VALUE + "…"


def test_what_staff_did_is_shown_as_theirs_and_names_nobody(alice_client, url):
    Task.objects.get().change(Actor("boss", Via.STAFF), title="Buy bread")

    assert alice_client.get(f"{url}/events").json()["items"][0]["actor"] == "staff"


def test_reading_them_is_one_statement(alice_client, url, django_assert_num_queries):
    with django_assert_num_queries(1):
        alice_client.get(f"{url}/events")


def test_an_account_takes_its_events_along(alice, alice_client, url):
    alice.delete()

    assert not Event.objects.exists()


def test_events_are_numbered_within_their_owner(alice, bob):
    tasks = [TaskFactory(owner=owner) for owner in (alice, bob, alice)]
    for version in (1, 2):
        made = [Change(task.owner_id, "task", task.pk, version, Kind.UPDATED) for task in tasks]
        Event.objects.record(made, Actor("boss", Via.STAFF))

    assert [event.number for event in alice.events.order_by("number")] == [1, 2, 3, 4]
    assert [event.resource_id for event in alice.events.order_by("number")] == [tasks[0].pk, tasks[2].pk] * 2
    assert [event.number for event in bob.events.order_by("number")] == [1, 2]


@pytest.mark.parametrize("query", [{"limit": 0}, {"cursor": "x"}, {"skip": 1}, {"kind": "created"}])
def test_a_bad_parameter_is_refused(alice, url, query):
    assert client_of(alice).get(f"{url}/events", query).status_code == 400


def test_they_are_kept_for_a_year(alice, alice_client, url, settings):
    alice_client.patch(url, {"title": "Buy bread"})
    old = timezone.now() - timedelta(days=settings.EVENTS_KEEP_DAYS, seconds=1)
    Event.objects.filter(version=1).update(created_at=old)
    delete_batch(old_events())

    assert [event["version"] for event in alice_client.get(f"{url}/events").json()["items"]] == [2]
    assert alice_client.patch(url, {}, headers={"If-Match": '"1"'}).json()["changed_fields"] == ["title"]


def test_what_is_no_longer_known_is_not_claimed_to_be_nothing(alice_client, url):
    for title in ("Buy bread", "Buy eggs"):
        alice_client.patch(url, {"title": title})
    Event.objects.filter(version=2).delete()

    assert alice_client.patch(url, {}, headers={"If-Match": '"1"'}).json()["changed_fields"] is None
