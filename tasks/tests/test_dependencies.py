"""Tasks that need others to be done first."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from conftest import client_of
from tasks.models import Dependency, Task
from tasks.tests.factories import DependencyFactory, TaskFactory


@pytest.fixture
def cake(alice):
    return TaskFactory(owner=alice, title="Cake")


@pytest.fixture
def flour(alice):
    return TaskFactory(owner=alice, title="Flour")


def need(client, task, needs):
    return client.post(f"/tasks/{task.pk}/dependencies", {"needs": str(needs.pk)})


def blocked(client, task):
    return client.get(f"/tasks/{task.pk}").json()["blocked"]


def test_a_task_is_blocked_until_what_it_needs_is_done_cancelled_or_deleted(alice_client, cake, flour):
    assert need(alice_client, cake, flour).status_code == 201
    seen = [blocked(alice_client, cake)]
    for status in ("in_progress", "done", "todo", "cancelled", "todo"):
        alice_client.patch(f"/tasks/{flour.pk}", {"status": status})
        seen.append(blocked(alice_client, cake))
    alice_client.delete(f"/tasks/{flour.pk}")
    seen.append(blocked(alice_client, cake))
    alice_client.post(f"/tasks/{flour.pk}/restore")

    assert seen == [True, True, False, True, False, True, False]
    assert blocked(alice_client, cake) is True


def test_filters_tell_blocked_tasks_from_others(alice_client, cake, flour):
    need(alice_client, cake, flour)
    found = {value: [task["title"] for task in alice_client.get(f"/tasks/?blocked={value}").json()["items"]]
             for value in ("true", "false")}  # fmt: skip

    assert found == {"true": ["Cake"], "false": ["Flour"]}


def test_it_is_listed_named_in_the_events_and_taken_away(alice_client, cake, flour):
    need(alice_client, cake, flour)
    url = f"/tasks/{cake.pk}/dependencies"
    (listed,) = alice_client.get(url).json()["items"]
    removed = alice_client.delete(f"{url}/{flour.pk}")
    events = alice_client.get(f"/tasks/{cake.pk}/events").json()["items"]

    assert (listed["needs"], listed["title"], listed["status"]) == (str(flour.pk), "Flour", "todo")
    assert (removed.status_code, alice_client.delete(f"{url}/{flour.pk}").status_code) == (204, 404)
    assert (alice_client.get(url).json()["items"], blocked(alice_client, cake)) == ([], False)
    assert [event["changes"]["dependencies"] for event in events] == [
        {"old": str(flour.pk), "new": None},
        {"old": None, "new": str(flour.pk)},
    ]


def test_said_again_it_adds_nothing(alice_client, cake, flour):
    first, second = need(alice_client, cake, flour), need(alice_client, cake, flour)

    assert (second.status_code, second.json()) == (200, first.json())
    assert (Dependency.objects.count(), Task.objects.get(pk=cake.pk).version) == (1, 2)


def test_a_circle_is_refused_with_the_way(alice, alice_client, cake, flour):
    mill = TaskFactory(owner=alice)
    need(alice_client, cake, flour)
    need(alice_client, flour, mill)
    answer = need(alice_client, mill, cake)

    assert (answer.status_code, answer.json()["code"]) == (409, "cycle")
    assert answer.json()["path"] == [str(task.pk) for task in (mill, cake, flour, mill)]
    assert need(alice_client, cake, cake).json()["path"] == [str(cake.pk)] * 2


def test_tasks_of_somebody_else_are_not_there(alice_client, bob, cake):
    theirs = TaskFactory(owner=bob)

    assert need(alice_client, cake, theirs).json()["errors"][0]["code"] == "does_not_exist"
    assert need(alice_client, theirs, cake).status_code == 404


@pytest.mark.django_db(transaction=True)
def test_when_it_is_completed_at_the_same_moment_the_task_is_not_blocked_for_ever(alice):
    """Who adds a dependency and who completes what is needed must see each other."""

    def act(call):
        try:
            return call(client_of(alice)).status_code
        finally:
            connection.close()

    for _ in range(8):
        cake, flour = TaskFactory(owner=alice), TaskFactory(owner=alice)
        calls = (lambda client: need(client, cake, flour), lambda client: client.post(f"/tasks/{flour.pk}/complete"))  # noqa: B023
        with ThreadPoolExecutor(2) as pool:
            assert list(pool.map(act, calls)) == [201, 200]
        assert Task.objects.get(pk=cake.pk).blocked is False


def test_there_may_be_a_hundred(alice, alice_client, cake, monkeypatch):
    monkeypatch.setattr("tasks.dependencies.MOST_NEEDS", 2)
    for _ in range(2):
        DependencyFactory(task=cake, needs=TaskFactory(owner=alice))

    assert need(alice_client, cake, TaskFactory(owner=alice)).json()["code"] == "too_many_dependencies"
