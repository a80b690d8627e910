"""What importers share: each row is taken, was here already, or is not taken for a stated reason."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Max

from accounts.models import User
from events.models import Actor, Event, Kind, Versioned, Via

Row = dict[str, Any]
Resource = TypeVar("Resource", bound=Versioned)
Wanted = TypeVar("Wanted")


class NotTaken(Exception):
    """`reason` is a word, `detail` says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass
class Outcome:
    """What happened to some rows. `remarks` (id, reason, detail) are about rows not taken, or not completely."""

    taken: int = 0
    already_here: int = 0
    remarks: list[tuple[str, str, str]] = field(default_factory=list)

    def read(self, rows: list[Row], key: str, reader: Callable[[Row], Wanted]) -> list[Wanted]:
        """The results of `reader`, without rows for which it raises NotTaken and rows that came before."""
        read: list[Wanted] = []
        seen: set[str] = set()
        for row in rows:
            try:
                require(row, key)
                require_new(row[key], seen)
                read.append(reader(row))
            except NotTaken as refusal:
                self.remarks.append((row[key], refusal.reason, refusal.detail))
        return read


def require(row: Row, *columns: str) -> None:
    """Raises NotTaken for NULL, which the tables of the FastAPI service do not allow there."""
    for column in columns:
        if row[column] is None:
            raise NotTaken("value_is_null", column)


def require_new(row_id: str, seen: set[str]) -> None:
    """Adds the id to `seen`. Raises NotTaken if it is in there already: the source may be a view that repeats it."""
    if row_id in seen:
        raise NotTaken("twice_in_source", "an earlier row has this id")
    seen.add(row_id)


def uuid_of(text: str) -> UUID:
    """Raises NotTaken, also for an unusual spelling: two spellings could mean the same id."""
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text:
        raise NotTaken("id_is_no_uuid", f"{text!r}")
    return found


def moment_of(naive: datetime | None) -> datetime:
    """The FastAPI service wrote UTC without a time zone. Raises NotTaken for None."""
    if naive is None:
        raise NotTaken("time_out_of_range", "NULL, infinity, or not of the years 1 to 9999")
    return naive.replace(tzinfo=UTC)


def insert(rows: list[Resource]) -> tuple[set[Any], set[Any]]:
    """Inserts rows that do not conflict, with their events. Returns the keys that are new, and those known before."""
    if not rows:
        return set(), set()
    present = type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    known = set(present)
    go_on_counting(rows)
    type(rows[0])._default_manager.bulk_create((row for row in rows if row.pk not in known), ignore_conflicts=True)
    new = set(present.all()) - known
    Event.objects.record([row.event(Kind.CREATED) for row in rows if row.pk in new], Actor("", Via.IMPORT))
    return new, known


def go_on_counting(rows: list[Resource]) -> None:
    """What was deleted here and comes back has the version after its last event."""
    last = Event.objects.filter(resource_id__in=[row.pk for row in rows], resource=rows[0].resource)
    versions = dict(last.order_by().values_list("resource_id").annotate(Max("version")))
    for row in rows:
        row.version = versions.get(row.pk, 0) + 1


def existing_users(ids: Iterable[str | None]) -> set[str]:
    """Which of the ids are users here."""
    wanted = {text for text in ids if text and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)}
    return {str(pk) for pk in User.objects.filter(pk__in=wanted).values_list("pk", flat=True)}
