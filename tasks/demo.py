"""Demo tasks for trying things at scale: in many scripts, statuses and times, very unevenly distributed."""
# ruff: noqa: RUF001, S311 - other scripts have lookalike letters, and random numbers need not be secret here

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from random import choice, random
from typing import Any
from uuid import UUID

from django.db import connection
from uuid_utils.compat import uuid7

from events.models import Actor, Event, Kind, Via
from tasks.models import Priority, Status, Task

YEAR = timedelta(days=365)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
COLUMNS = "id, owner_id, title, description, status, priority, due_date, completed_at, created_at, updated_at"
NAMES = COLUMNS.split(", ")
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


def rows(owners: Sequence[UUID], number: int, now: datetime) -> Iterator[tuple[Any, ...]]:
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
        written = (title(), choice(DESCRIPTIONS), status.value, choice(PRIORITIES).value, due_date(status, now))
        task_id = uuid7(nanoseconds=milliseconds * 1_000_000)
        yield (task_id, owner(owners), *written, completed_at, created_at, updated_at)


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
    while batch := list(islice(tasks, BATCH)):
        with connection.cursor() as cursor, cursor.copy(f"COPY tasks ({COLUMNS}) FROM STDIN") as copy:
            for row in batch:
                copy.write_row(row)
        made = [task.event(Kind.CREATED) for task in (Task(**dict(zip(NAMES, row, strict=True))) for row in batch)]
        Event.objects.record(made, Actor("", Via.COMMAND))
