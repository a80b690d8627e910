"""Takes over users and their jobs from the FastAPI service's database. tasks.imports does the same for tasks."""

import hashlib
import json
import re
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

from django.contrib.auth.hashers import is_password_usable, make_password
from django.core.exceptions import ValidationError
from django.db import models

from accounts.models import LONGEST_SPELLING, User
from jobs.registry import NAME
from jobs.services import record, valid_id

# How passlib writes bcrypt, up to a cost that a sign-in can bear: each step doubles it, and its default is 12
BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")
LONGEST_JOB_ID = 2000  # characters that the payload of a job can hold, each as \uXXXX
INTERRUPTED = "It was not finished when the service it was given to was left behind."
Row = dict[str, Any]
Model = TypeVar("Model", bound=models.Model)
Wanted = TypeVar("Wanted")


class NotTaken(Exception):
    """`reason` is a word, `detail` says more."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason, self.detail = reason, detail


@dataclass
class Outcome:
    """What came of some rows. `remarks` are of rows that were not taken, or not wholly: id, reason, detail."""

    taken: int = 0
    already_here: int = 0
    remarks: list[tuple[str, str, str]] = field(default_factory=list)

    def read(self, rows: list[Row], key: str, reader: Callable[[Row], Wanted]) -> list[Wanted]:
        """What `reader` makes of the rows, without those for which it raises NotTaken, or that came before."""
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
    """Raises NotTaken for NULL, which the FastAPI service's own tables cannot hold there."""
    for column in columns:
        if row[column] is None:
            raise NotTaken("value_is_null", column)


def require_new(row_id: str, seen: set[str]) -> None:
    """Adds the id to `seen`. Raises NotTaken when it is there: the source is a view that gives it twice."""
    if row_id in seen:
        raise NotTaken("twice_in_source", "an earlier row has this id")
    seen.add(row_id)


def take_users(rows: list[Row]) -> Outcome:
    """Users keep id, name, password and time. A name that somebody else has, in any case, is not taken."""
    outcome = Outcome()
    users = outcome.read(rows, "id", user_of)
    new, known = insert(users)
    outcome.taken, outcome.already_here = len(new), len(known)
    for user in users:
        if user.pk not in new | known:
            holder = User.objects.get_by_natural_key(user.username).pk
            outcome.remarks.append((str(user.pk), "username_taken", f"{user.username!r} is the name of {holder}"))
        elif user.pk in new and not is_password_usable(user.password):
            outcome.remarks.append(
                (str(user.pk), "password_not_taken", f"{user.username!r} needs a new one: no bcrypt")
            )
    return outcome


def user_of(row: Row) -> User:
    """Raises NotTaken."""
    require(row, "username", "hashed_password")
    if len(row["username"]) > LONGEST_SPELLING:
        raise NotTaken("username_refused", f"{len(row['username'])} characters")
    username = User.normalize_username(row["username"])
    try:
        User._meta.get_field("username").clean(username, None)
    except ValidationError as error:
        raise NotTaken("username_refused", f"{' '.join(error.messages)} {row['username']!r}") from error
    hashed = row["hashed_password"]
    password = f"bcrypt${hashed}" if BCRYPT.fullmatch(hashed) else make_password(None)
    return User(id=uuid_of(row["id"]), username=username, password=password, created_at=moment_of(row["created_at"]))


def uuid_of(text: str) -> UUID:
    """Raises NotTaken, also for another spelling than the usual one: two of them could mean one id."""
    try:
        found = UUID(text)
    except ValueError:
        found = None
    if found is None or str(found) != text:
        raise NotTaken("id_is_no_uuid", f"{text!r}")
    return found


def moment_of(naive: datetime | None) -> datetime:
    """The FastAPI service wrote UTC and did not say so. Raises NotTaken for None."""
    if naive is None:
        raise NotTaken("time_out_of_range", "NULL, infinity, or not of the years 1 to 9999")
    return naive.replace(tzinfo=UTC)


def insert(rows: list[Model]) -> tuple[set[Any], set[Any]]:
    """Inserts what conflicts with nothing. Returns the keys that are new, and those that were here before."""
    if not rows:
        return set(), set()
    present = type(rows[0])._default_manager.filter(pk__in=[row.pk for row in rows]).values_list("pk", flat=True)
    known = set(present)
    type(rows[0])._default_manager.bulk_create((row for row in rows if row.pk not in known), ignore_conflicts=True)
    return set(present.all()) - known, known


def existing_users(ids: Iterable[str | None]) -> set[str]:
    """Those of the ids that are users here."""
    wanted = {text for text in ids if text and re.fullmatch("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text)}
    return {str(pk) for pk in User.objects.filter(pk__in=wanted).values_list("pk", flat=True)}


def take_jobs(rows: list[Row]) -> Outcome:
    """Finished work stays finished, and what was under way has failed: nothing of it is done here."""
    outcome = Outcome()
    owners = existing_users((row["job_id"] or "").partition(":")[2] for row in rows)
    jobs = outcome.read(rows, "job_id", lambda row: job_of(row, owners))
    outcome.taken = len(record(jobs))
    outcome.already_here = len(jobs) - outcome.taken
    return outcome


def job_of(row: Row, owners: set[str]) -> Row:
    """What jobs.services.record takes. Raises NotTaken."""
    created_at = moment_of(row["created_at"])
    completed = row["status"] == "completed"
    job_id, payload = identity_of(row["job_id"])
    user_id = payload.get("user_id")
    return {
        "job_id": job_id,
        "payload": payload,
        "result": result_of(row["result"]) if completed else None,
        "error": "" if completed else INTERRUPTED,
        "created_at": created_at,
        "finished_at": moment_of(row["updated_at"]) if row["updated_at"] else created_at,
        "owner_id": user_id if user_id in owners else None,
    }


def identity_of(original: str) -> tuple[str, dict[str, str]]:
    """The job's id and payload here. A welcome mail has those that sign-up gives it, so it is not sent once more.

    An id that cannot be one here becomes that of its digest; its payload then holds the original.
    Raises NotTaken when that is too long for a payload.
    """
    if len(original) > LONGEST_JOB_ID:
        raise NotTaken("job_id_too_long", f"{len(original)} characters")
    kind, _, key = original.partition(":")
    with suppress(ValueError):
        if NAME.fullmatch(kind):
            return valid_id(original), {"user_id": key} if kind == "welcome_email" else {}
    return f"imported:{hashlib.sha256(original.encode()).hexdigest()}", {"job_id": original}


def result_of(text: str | None) -> Any:
    """Raises NotTaken for JSON that jsonb cannot hold: NUL, half a surrogate pair, numbers beyond all measure."""
    try:
        result = json.loads(text or "null")
        json.dumps(result, allow_nan=False, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise NotTaken("result_is_no_jsonb", str(error)) from error
    if holds_nul(result):
        raise NotTaken("result_is_no_jsonb", "it holds a NUL character")
    return result


def holds_nul(value: Any) -> bool:
    """Whether any string in it does, names of members among them."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, str) and "\0" in part:
            return True
        if isinstance(part, dict | list):
            waiting += part
        if isinstance(part, dict):
            waiting += part.values()
    return False
