"""Demo tasks for trying things at scale: in many scripts, statuses and times, very unevenly distributed."""
# ruff: noqa: RUF001, S311 - other scripts have lookalike letters, and random numbers need not be secret here

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import choice, random, sample
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from events.models import Actor, Event, Kind, Via
from tasks.models import Comment, Dependency, Label, Priority, Status, Task, TaskList

YEAR = timedelta(days=365)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = (
    *("id", "owner_id", "title", "description", "status", "priority", "due_date", "due_at", "list_id", "label_ids"),
    *("parent_id", "completed_at", "created_at", "updated_at"),
)
LISTS = {"Home": "#2e8b57", "Work": "#1e90ff", "Покупки": "#ff8c00", "旅行": "#8a2be2"}  # with their colours
LABELS = {"urgent": "#ff4500", "waiting": "", "5 minutes": "", "дом": "", "電話": "", "someday": ""}
MOST_FURNISHED = 1000  # users, the first ones, who have lists and labels
IN_A_LIST, WITH_LABELS, SUBTASKS, WITH_DEPENDENCY, WITH_COMMENT = 0.6, 0.4, 0.1, 0.03, 0.05  # shares of tasks
REMARKS = ["Asked again; no answer yet.", "Die Unterlagen liegen **im Büro**.", "下周再说。", "- price\n- date"]
STATUSES = 12 * [Status.DONE] + 5 * [Status.TODO] + 2 * [Status.IN_PROGRESS] + [Status.CANCELLED]
PRIORITIES = 6 * [Priority.NONE] + [Priority.LOW, Priority.MEDIUM, Priority.HIGH, Priority.URGENT]
DUE = (timedelta(days=-30), timedelta(days=90))  # of open tasks, around now
BATCH = 10_000  # tasks in one COPY
LARGEST_SHARE = 0.2  # of all tasks, for the first user
TITLES = [
    (
        ("Call {}", "Write to {}", "Pay {}", "Pick up a parcel for {}", "Prepare the meeting with {}"),
        (
            "Zoë",
            "the landlord",
            "Dr. O’Brien",
            "Łukasz",
            "the bank",
            "Grandma",
            "the team in São Paulo",
            "everybody 🎉",
        ),
    ),
    (("Позвонить: {}", "Купить: {}", "Проверить: {}"), ("молоко", "билеты в Казань", "отчёт за месяц", "ёлка")),
    (("购买{}", "准备{}", "检查{}"), ("牛奶", "会议资料", "机票", "生日蛋糕")),
    (("{}を買う", "{}を確認する"), ("牛乳", "予約", "書類")),
    (("شراء {}", "مراجعة {}"), ("الحليب", "التقرير الشهري", "التذاكر")),
    (("{} खरीदना", "{} देखना"), ("दूध", "टिकट", "रिपोर्ट")),
    (("Να πάρω {}", "Έλεγχος: {}"), ("γάλα", "τα εισιτήρια", "την αναφορά")),
]
DESCRIPTIONS = [
    "",
    "",
    "Before Friday.",
    "Ask first whether it is still wanted.\n\n- price\n- date\n- who comes along",
    "Не забыть взять паспорт и распечатанный билет.",
    "请在周五之前完成，并通知大家。",
    "يجب الانتهاء قبل نهاية الأسبوع.",
    "See the notes of the last meeting. " * 12,
]


@dataclass
class Belongings:
    """What a user's tasks refer to."""

    lists: list[UUID] = field(default_factory=list)
    labels: list[UUID] = field(default_factory=list)
    latest: UUID | None = None  # the last task that is nobody's part


def furnish(owners: Sequence[UUID], lists: int = len(LISTS), labels: int = len(LABELS)) -> dict[UUID, Belongings]:
    """Lists and labels for the first users, with their events. Those with labels of before keep them."""
    new: list[Any] = []
    there = set(Label.objects.filter(owner__in=owners[:MOST_FURNISHED]).values_list("owner", flat=True))
    for pk in owners[:MOST_FURNISHED]:
        if pk not in there:
            new += [TaskList.new(owner_id=pk, name=name, colour=colour) for name, colour in numbered(LISTS, lists)]
            new += [Label.new(owner_id=pk, name=name, colour=colour) for name, colour in numbered(LABELS, labels)]
    TaskList.objects.bulk_create((row for row in new if isinstance(row, TaskList)), batch_size=1000)
    Label.objects.bulk_create((row for row in new if isinstance(row, Label)), batch_size=1000)
    Event.objects.record([row.event(Kind.CREATED) for row in new], Actor("", Via.COMMAND))
    found = {pk: Belongings() for pk in owners}
    for name, model in (("lists", TaskList), ("labels", Label)):
        rows = model._base_manager.filter(owner__in=owners[:MOST_FURNISHED]).values_list("owner", "pk")
        for owner, pk in rows.order_by("pk"):
            getattr(found[owner], name).append(pk)
    return found


def numbered(names: dict[str, str], number: int) -> Iterator[tuple[str, str]]:
    for n, (name, colour) in zip(range(number), list(names.items()) * (number // len(names) + 1), strict=False):
        yield name if n < len(names) else f"{name} {n // len(names) + 1}", colour


def rows(owners: Sequence[UUID], number: int, now: datetime, of: dict[UUID, Belongings]) -> Iterator[tuple[Any, ...]]:
    """`number` tasks of the past year, oldest first, in the order of COLUMNS.

    Each id contains the task's created_at, so ids sort by time (RFC 9562 section 5.7).
    """
    start, year = (now - YEAR - EPOCH) // timedelta(milliseconds=1), YEAR // timedelta(milliseconds=1)
    for n in range(number):
        milliseconds = start + int((n + random()) / number * year)
        created_at = EPOCH + timedelta(milliseconds=milliseconds)
        status = choice(STATUSES)
        updated_at = created_at if status == Status.TODO else created_at + (now - created_at) * random() ** 3
        completed_at = updated_at if status == Status.DONE else None
        owner_id, task_id = owner(owners), uuid7(nanoseconds=milliseconds * 1_000_000)
        written = (title(), choice(DESCRIPTIONS), status.value, choice(PRIORITIES).value, *due(status, now))
        refers = references(of[owner_id], task_id)
        yield (task_id, owner_id, *written, *refers, completed_at, created_at, updated_at)


def references(of: Belongings, task_id: UUID) -> tuple[UUID | None, list[UUID], UUID | None]:
    """A list, labels and a parent."""
    in_list = choice(of.lists) if of.lists and random() < IN_A_LIST else None
    labels = sample(of.labels, choice((1, 1, 2, 3))) if of.labels and random() < WITH_LABELS else []
    parent = of.latest if random() < SUBTASKS else None
    if parent is None:
        of.latest = task_id
    return in_list, labels, parent


def due(status: Status, now: datetime) -> tuple[date | None, datetime | None]:
    """A day, or an instant of it, of every other open task."""
    day = due_date(status, now)
    if day is None or random() < 0.7:
        return day, None
    return None, datetime(day.year, day.month, day.day, choice(range(6, 20)), choice((0, 30)), tzinfo=UTC)


def due_date(status: Status, now: datetime) -> date | None:
    """Of every other open task."""
    if status not in (Status.TODO, Status.IN_PROGRESS) or random() < 0.5:
        return None
    first, last = DUE
    return (now + first + (last - first) * random()).date()


def title() -> str:
    sentences, things = choice(TITLES)
    return choice(sentences).format(choice(things))


def owner(owners: Sequence[UUID]) -> UUID:
    """The first user gets a large share; of the others, earlier ones get more."""
    if random() < LARGEST_SHARE or len(owners) == 1:
        return owners[0]
    return owners[1 + int(random() ** 2 * (len(owners) - 1))]


def add(tasks: Iterator[tuple[Any, ...]]) -> None:
    """Streams the rows into the table, with their events: memory does not grow with them."""
    known = False
    while batch := list(islice(tasks, BATCH)):
        copy_rows(batch)
        if not known:  # or PostgreSQL would plan what follows for empty tables
            analyze()
            known = True
        made = [task.event(Kind.CREATED) for task in (Task(**dict(zip(COLUMNS, row, strict=True))) for row in batch)]
        comments = [comment_on(row) for row in batch if random() < WITH_COMMENT]
        Comment.objects.bulk_create(comments, batch_size=2000)
        made += [comment.event(Kind.CREATED) for comment in comments]
        Event.objects.record(made, Actor("", Via.COMMAND))
        Dependency.objects.bulk_create(needed(batch), batch_size=2000)


def analyze() -> None:
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks, task_label, task_search, task_comment, task_dependency")


def copy_rows(batch: Sequence[tuple[Any, ...]]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY tasks ({', '.join(COLUMNS)}) FROM STDIN") as copy:
        for row in batch:
            copy.write_row(row)


def comment_on(row: Sequence[Any]) -> Comment:
    at = row[-1]
    return Comment.new(owner_id=row[1], task_id=row[0], author="", text=choice(REMARKS), created_at=at)


def needed(batch: Sequence[tuple[Any, ...]]) -> list[Dependency]:
    """Some tasks need the one of the same owner before them."""
    before: dict[UUID, UUID] = {}
    found = []
    for task_id, owner_id, *_ in batch:
        if owner_id in before and random() < WITH_DEPENDENCY:
            found.append(Dependency(owner_id=owner_id, task_id=task_id, needs_id=before[owner_id]))
        before[owner_id] = task_id
    return found
