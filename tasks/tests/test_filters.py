"""What the query of a list may say, and what is refused."""

import random
from datetime import UTC, datetime, timedelta

import pytest

from tasks.models import Status, Task
from tasks.tests.factories import TaskFactory

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def tasks(alice, bob):
    """Some of the same instant, in all statuses."""
    chosen = random.Random(7)
    for owner in (alice, bob):
        for _ in range(40):
            TaskFactory(
                owner=owner,
                status=chosen.choice(Status.values),
                created_at=START + timedelta(minutes=chosen.randrange(9)),
            )
    return list(Task.objects.filter(owner=alice))


def listed(client, limit=7, between=lambda: None, **query):
    """The ids of all pages. `between` is called before each."""
    found, cursor = [], ""
    while cursor is not None:
        between()
        page = client.get("/tasks/", {**query, "limit": limit, **({"cursor": cursor} if cursor else {})})
        assert page.status_code == 200, page.json()
        found += [task["id"] for task in page.json()["items"]]
        cursor = page.json()["meta"]["next_cursor"]
    return found


def expected(tasks, status):
    kept = [task for task in tasks if task.status in status]
    return [str(task.pk) for task in sorted(kept, key=lambda task: (task.created_at, task.pk), reverse=True)]


def test_a_repeated_status_counts_once(alice_client, tasks):
    assert listed(alice_client, status=["todo", "todo"]) == expected(tasks, ["todo"])


def test_older_clients_skip_also_with_filters(alice_client, tasks):
    items = alice_client.get("/tasks/", {"status": ["todo", "done"], "skip": 5, "limit": 3}).json()["items"]

    assert [task["id"] for task in items] == expected(tasks, ["todo", "done"])[5:8]


def test_a_task_is_found_by_its_external_key(alice, bob, alice_client):
    for owner in (alice, bob):
        task = TaskFactory(owner=owner, external_source="todoist", external_key="7")
    TaskFactory(owner=alice, external_source="todoist", external_key="8")
    found = listed(alice_client, external_source="todoist", external_key="7")

    assert found == [str(Task.objects.get(owner=alice, external_key="7").pk)] != [str(task.pk)]


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"status": "open"}, "invalid_choice"),
        ({"status": ["todo", ""]}, "invalid_choice"),
        ({"sort": "title"}, "invalid_choice"),
        ({"sort": ["created", "created"]}, "repeated_parameter"),
        ({"created_after": "2026-12-01"}, "invalid"),
        ({"created_after": "2026-12-01T00:00:00"}, "invalid"),
        ({"created_before": "2026-13-01T00:00:00Z"}, "invalid"),
        ({"created_before": "0001-01-01T00:00:00+14:00"}, "invalid"),
        ({"created_before": ""}, "invalid"),
        ({"external_source": "x"}, "required"),
        ({"external_key": "x"}, "required"),
        ({"external_source": "x", "external_key": "a\0b"}, "invalid"),
        ({"due": "x"}, "unknown_parameter"),
        ({"list": "home"}, "invalid"),
        ({"parent": "01"}, "invalid"),
        ({"label": ""}, "invalid"),
        ({"label": [str(n) for n in range(51)]}, "too_many"),
        ({"priority_min": "3"}, "invalid_choice"),
        ({"due_before": "2026-02-30"}, "invalid"),
        ({"due_after": "9999-12-31"}, "invalid"),
        ({"overdue": "false"}, "invalid_choice"),
        ({"blocked": "yes"}, "invalid_choice"),
        ({"deleted": "1"}, "invalid_choice"),
        ({"count": "1"}, "invalid_choice"),
        ({"q": ""}, "invalid"),
        ({"q": "!?"}, "invalid"),
        ({"q": "x" * 201}, "invalid"),
        ({"q": "x", "deleted": "true"}, "not_searched"),
        ({"sort": "relevance"}, "q_missing"),
        ({"sort": "-completed"}, "status_missing"),
        ({"sort": "-deleted"}, "deleted_missing"),
    ],
)
def test_what_is_no_filter_is_refused(alice_client, query, code):
    answer = alice_client.get("/tasks/", query)

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)


@pytest.mark.parametrize("other", [{"status": ["done"]}, {"sort": "created"}, {"status": ["todo", "done"]}, {}])
def test_a_cursor_is_good_for_its_filters_and_order_alone(alice_client, tasks, other):
    cursor = alice_client.get("/tasks/", {"status": "todo", "limit": 1}).json()["meta"]["next_cursor"]

    assert alice_client.get("/tasks/", {**other, "cursor": cursor}).json()["errors"][0]["code"] == "invalid_cursor"
