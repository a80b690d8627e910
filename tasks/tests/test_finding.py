"""Every filter with every order, page by page, compared with what plain Python finds.

A sample in each run; FIND_ALL=1 tries all pairs of filters.
"""

import os
import random
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from tasks.finding import search
from tasks.finding.indexes import SORTS
from tasks.models import Priority, Status, Task
from tasks.tests.factories import DependencyFactory, LabelFactory, ListFactory, TaskFactory
from tasks.tests.test_filters import listed

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)
ZONE = ZoneInfo("Pacific/Auckland")  # far from UTC
FAR = datetime.max.replace(tzinfo=UTC)


def some_due(chosen):
    day = date(2026, 11, 27) + timedelta(days=chosen.randrange(5))
    return chosen.choice([{}, {"due_date": day}, {"due_at": NOW + timedelta(hours=chosen.randrange(-40, 40))}])


@pytest.fixture
def tasks(alice, bob):
    """Many ties in everything by which tasks can be sorted."""
    alice.time_zone = str(ZONE)
    alice.save()
    chosen = random.Random(11)
    for owner in (alice, bob):
        lists = [None, *(ListFactory(owner=owner) for _ in range(2))]
        labels = [LabelFactory(owner=owner, name=name).pk for name in "abc"]
        made = []
        for n in range(60):
            task = some_task(chosen, owner, lists, labels, [None, *made[:3]])
            Task.objects.filter(pk=task.pk).update(updated_at=NOW - timedelta(minutes=chosen.randrange(9)))
            made.append(task)
            if n > 5 and chosen.random() < 0.3:
                DependencyFactory(task=task, needs=made[n // 2])
        Task.objects.filter(pk__in=[task.pk for task in made[-6:]]).update(deleted_at=NOW)
    return list(Task.objects.filter(owner=alice))


def some_task(chosen, owner, lists, labels, parents):
    status, at = chosen.choice(Status.values), NOW - timedelta(minutes=chosen.randrange(9))
    return TaskFactory(
        owner=owner,
        title=chosen.choice(["milk", "bread", "milk and bread"]),
        status=status,
        created_at=at,
        completed_at=at if status == "done" else None,
        priority=chosen.choice(Priority.values),
        list=chosen.choice(lists),
        label_ids=chosen.sample(labels, chosen.randrange(3)),
        parent=chosen.choice(parents),
        position=f"{chosen.randrange(1, 9)}8",
        **some_due(chosen),
    )


class Others:
    """Tasks that come, change and go between the pages of somebody who reads. `ids` are those that were ever there."""

    def __init__(self, owner, tasks):
        self.owner, self.ids, self.chosen = owner, [], random.Random()
        self.lists, self.parents = [[None, *{getattr(task, name) for task in tasks}] for name in ("list", "parent")]
        self.labels = sorted({pk for task in tasks for pk in task.label_ids})

    def __call__(self):
        task = some_task(self.chosen, self.owner, self.lists, self.labels, self.parents)
        self.ids.append(str(task.pk))
        one = Task.objects.filter(pk=self.chosen.choice(self.ids))
        one.update(**self.chosen.choice([{"deleted_at": NOW}, {"due_date": None, "due_at": NOW}, {"updated_at": NOW}]))


def day_of(moment):
    return moment.astimezone(ZONE).date()


def due_before(task, value):
    day, moment = parsed(value)
    if task.due_date:
        return task.due_date < (day or day_of(moment))
    return bool(task.due_at) and (day_of(task.due_at) < day if day else task.due_at < moment)


def due_after(task, value):
    day, moment = parsed(value)
    if task.due_date:
        return task.due_date > (day or day_of(moment))
    return bool(task.due_at) and (day_of(task.due_at) > day if day else task.due_at > moment)


def parsed(value):
    return (date.fromisoformat(value), None) if len(value) == 10 else (None, datetime.fromisoformat(value))


def names(tasks, task):
    return {name for name, pk in tasks["labels"].items() if pk in task.label_ids}


MINUTE = "2026-11-29T11:56:00Z"
RANK = {name: rank for rank, name in enumerate(Priority.values)}


def overdue(task, *_):
    return task.status in ("todo", "in_progress") and due_before(task, f"{timezone.now():%FT%TZ}")


def after(name):
    return lambda task, value, _: bool(getattr(task, name)) and getattr(task, name) > parsed(value)[1]


# By filter: some values, and whether a task meets one
MODEL = {
    "status": ([["todo"], ["done", "todo"], Status.values], lambda task, value, _: task.status in value),
    "list": (["none", "LIST"], lambda task, value, _: str(task.list_id or "none") == value),
    "label": ([["a"], ["A", "b"]], lambda task, value, known: bool(known(task) & {one.lower() for one in value})),
    "label_all": ([["b"], ["a", "c"]], lambda task, value, known: known(task) >= set(value)),
    "priority_min": (["low", "urgent"], lambda task, value, _: RANK[task.priority] >= RANK[value]),
    "parent": (["none", "PARENT"], lambda task, value, _: str(task.parent_id or "none") == value),
    "due_before": (["2026-11-29", "2026-11-29T22:00:00Z"], lambda task, value, _: due_before(task, value)),
    "due_after": (["2026-11-28", "2026-11-29T02:00:00Z"], lambda task, value, _: due_after(task, value)),
    "overdue": (["true"], overdue),
    "blocked": (["true", "false"], lambda task, value, _: str(task.blocked).lower() == value),
    "completed_after": ([MINUTE], after("completed_at")),
    "created_after": ([MINUTE], after("created_at")),
    "created_before": ([MINUTE], lambda task, value, _: task.created_at < parsed(value)[1]),
    "updated_after": ([MINUTE], after("updated_at")),
    "q": (["milk", "BREA"], lambda task, value, _: value.lower() in task.title),
}
DEFAULTS = {
    **dict.fromkeys(("due_before", "due_after", "overdue"), "due"),
    "completed_after": "-completed",
    "updated_after": "-updated",
}


def due(task):
    return task.due_at or (datetime.combine(task.due_date, datetime.min.time(), UTC) if task.due_date else FAR)


KEYS = {
    "created": lambda task: (task.created_at, task.pk),
    "due": lambda task: (due(task), task.pk),
    "priority": lambda task: (RANK[task.priority], task.created_at, task.pk),
    "position": lambda task: (task.position, task.pk),
    "updated": lambda task: (task.updated_at, task.pk),
    "completed": lambda task: (task.completed_at, task.pk),
}


def expected(tasks, query, known):
    sort = query.get("sort") or next((DEFAULTS[name] for name in DEFAULTS if name in query), "-created")
    kept = [task for task in tasks if task.deleted_at is None
            and all(MODEL[name][1](task, value, known) for name, value in query.items() if name != "sort")]  # fmt: skip
    return [str(task.pk) for task in sorted(kept, key=KEYS[sort.strip("-")], reverse=sort.startswith("-"))]


def queries(tasks):
    """Each filter and each order alone, each filter with each order, and pairs of filters."""
    real = {"LIST": next(str(task.list_id) for task in tasks if task.list_id),
            "PARENT": next(str(task.parent_id) for task in tasks if task.parent_id)}  # fmt: skip
    filters = [(name, real.get(str(value), value)) for name, (values, _) in MODEL.items() for value in values]
    sorts = [sort for sort in SORTS if sort not in ("relevance", "-deleted", "-completed")]
    yield from ({"sort": sort} for sort in sorts)
    yield from ({name: value} for name, value in filters)
    two = [dict(pair) for pair in combinations(filters, 2) if pair[0][0] != pair[1][0]]
    pairs = two + [{**one, "sort": sort} for one in (*({a: b} for a, b in filters), *two) for sort in sorts]
    yield from pairs if os.environ.get("FIND_ALL") else random.Random().sample(pairs, 60)


@pytest.mark.timeout(3600 if os.environ.get("FIND_ALL") else 120)
def test_each_query_finds_what_it_should_in_its_order(alice_client, tasks):
    ids = {label["id"]: label["name"] for label in alice_client.get("/labels/").json()["items"]}

    def known(task):
        return {ids[str(pk)] for pk in task.label_ids}

    for query in queries(tasks):
        assert listed(alice_client, **query) == expected(tasks, query, known), query


def test_while_others_come_change_and_go_each_page_goes_on_where_the_one_before_ended(alice, alice_client, tasks):
    ids = {label["id"]: label["name"] for label in alice_client.get("/labels/").json()["items"]}
    others = Others(alice, tasks)
    for query in random.Random().sample(list(queries(tasks)), 20):
        found = listed(alice_client, between=others, **query)
        wanted = expected(tasks, query, lambda task: {ids[str(pk)] for pk in task.label_ids})

        assert [pk for pk in found if pk not in others.ids] == wanted, query


def test_what_is_counted_is_what_is_found(alice_client, tasks):
    both = {"list": "none", "status": "done"}
    for query in ({}, {"status": "todo"}, {"label": ["a", "b"]}, {"q": "milk"}, both, {"overdue": "true"}):
        meta = alice_client.get("/tasks/", {**query, "count": "true", "limit": 1}).json()["meta"]
        assert (meta["count"], meta["count_capped"]) == (len(listed(alice_client, **query)), False), query


def test_a_count_ends_at_its_limit(alice_client, tasks, monkeypatch):
    monkeypatch.setattr(search, "MOST", 20)
    meta = alice_client.get("/tasks/?count=true").json()["meta"]

    assert (meta["count"], meta["count_capped"]) == (20, True)


def test_what_would_be_slow_is_refused_and_says_what_to_do(alice_client, tasks, monkeypatch):
    monkeypatch.setattr(search, "MOST", 5)
    answer = alice_client.get("/tasks/?label=a&sort=due")
    (error,) = answer.json()["errors"]

    assert (answer.status_code, error["code"], error["parameter"]) == (400, "too_broad", "label")
    assert "Add a filter" in error["detail"]


def test_a_page_that_fills_before_the_limit_is_answered(alice_client, tasks, monkeypatch):
    """Though no index has few of them: the first rows in the order hold enough."""
    whole = listed(alice_client, blocked="false")
    monkeypatch.setattr(search, "MOST", 20)
    items = alice_client.get("/tasks/?blocked=false&limit=2").json()["items"]

    assert [task["id"] for task in items] == whole[:2]


def test_the_trash_has_its_own_order_and_others_as_far_as_it_is_small(alice_client, tasks):
    gone = [task for task in tasks if task.deleted_at]

    assert listed(alice_client, deleted="true") == [str(t.pk) for t in sorted(gone, key=lambda t: t.pk, reverse=True)]
    assert listed(alice_client, deleted="true", sort="created", limit=2) == [
        str(task.pk) for task in sorted(gone, key=KEYS["created"])
    ]


def test_finished_tasks_come_by_when_they_were_finished(alice_client, tasks):
    done = [task for task in tasks if task.status == "done" and not task.deleted_at]

    found = listed(alice_client, status="done", sort="-completed")
    assert found == [str(task.pk) for task in sorted(done, key=KEYS["completed"], reverse=True)]
