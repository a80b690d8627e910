"""How other apps register background work. With jobs.registry and jobs.running, the public face of jobs."""

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models.functions import Coalesce, Now

from jobs.models import LONGEST_ID, Job, State
from jobs.registry import Kind, get_kind
from jobs.wakeups import wake
from taskhub.api.problems import Problem

LARGEST_PAYLOAD = 16 * 1024  # bytes of JSON
JOB_ID = re.compile(r"[a-z][a-z0-9_]*(?::[A-Za-z0-9_.@+-]+)+")
BATCH = 1000  # jobs that one statement inserts
COLUMNS = ("ids", "owners", "payloads", "shas", "times")
# As fixed text, because many jobs are enqueued by it at once: docs/adr/0011-where-sql-is-fixed.md
INSERT = """
    INSERT INTO job_log (job_id, kind, owner_id, payload, payload_sha, state, attempt, max_attempts, run_at, worker,
        error_code, error)
    SELECT job_id, %(kind)s, owner_id, payload, payload_sha, 'queued', 0, %(max_attempts)s,
        COALESCE(run_at, statement_timestamp()), '', '', ''
    FROM unnest(%(ids)s::text[], %(owners)s::uuid[], %(payloads)s::jsonb[], %(shas)s::text[], %(times)s::timestamptz[])
        AS new (job_id, owner_id, payload, payload_sha, run_at)
    ON CONFLICT DO NOTHING
    RETURNING job_id
"""


class JobConflict(Problem):
    """The same job was enqueued before with another payload or time: two events share one key by mistake."""

    status_code = 409
    default_code = "conflict"
    default_detail = "A job with this id and another payload or time exists."


@dataclass(frozen=True)
class New:
    """A job to be enqueued; see enqueue()."""

    key: str
    payload: dict[str, Any] | None = None
    owner: AbstractBaseUser | None = None
    run_at: datetime | None = None


def enqueue(
    kind: str,
    key: str,
    payload: dict[str, Any] | None = None,
    *,
    owner: AbstractBaseUser | None = None,
    run_at: datetime | None = None,
) -> str:
    """Register a job in the current transaction; it runs once that has committed. Returns its id, `<kind>:<key>`.

    `key` names the business event, never the call: the same id, payload and `run_at` again is the same job, and does
    nothing. `payload` holds ids, not data: JSON of up to 16 KiB. `owner` may see the job. `run_at`: not before (aware).

    Raises JobConflict for a known id with another payload or `run_at` (see reschedule), UnknownKind, ValueError for an
    invalid id, payload or time, and RuntimeError outside a transaction, where the job would not commit together with
    what it is about.
    """
    return enqueue_many(kind, [New(key, payload, owner, run_at)])[0]


def enqueue_many(kind: str, jobs: Iterable[New]) -> list[str]:
    """As enqueue(), for many jobs of a kind at once. Returns their ids in the same order.

    Raises JobConflict also for two with the same id that differ; the caller's transaction must then be rolled back.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A job is enqueued in the transaction of what it is about.")
    known = get_kind(kind)
    rows: dict[str, Row] = {}
    given = [row_of(kind, job) for job in jobs]
    for row in given:
        if rows.setdefault(row[0], row)[3] != row[3]:
            raise JobConflict
    new = list(rows.values())
    for start in range(0, len(new), BATCH):
        insert(known, new[start : start + BATCH])
    if any(row[-1] is None for row in new):
        wake_after_commit(known.queue)
    return [row[0] for row in given]


Row = tuple[str, Any, str, str, datetime | None]  # id, owner's id, payload, its hash, run_at


def row_of(kind: str, job: New) -> Row:
    body = canonical(job.payload or {})
    owner_id = job.owner.pk if job.owner else None
    return valid_id(f"{kind}:{job.key}"), owner_id, body.decode(), hash_of(body, job.run_at), job.run_at


def hash_of(payload: bytes, run_at: datetime | None) -> str:
    """What must be equal for two jobs with one id to be the same. Raises ValueError for a time without a zone."""
    if run_at is None:
        return hashlib.sha256(payload).hexdigest()
    if run_at.tzinfo is None:
        raise ValueError("run_at must have a time zone.")
    return hashlib.sha256(payload + f"@{run_at.timestamp():.6f}".encode()).hexdigest()


def insert(kind: Kind, rows: Sequence[Row]) -> None:
    """Raises JobConflict."""
    columns: Any = zip(*rows, strict=True)
    values = {name: list(column) for name, column in zip(COLUMNS, columns, strict=True)}
    with connection.cursor() as cursor:
        cursor.execute(INSERT, {**values, "kind": kind.name, "max_attempts": kind.max_attempts})
        made = {job_id for (job_id,) in cursor.fetchall()}
    if len(made) == len(rows):
        return
    expected = {row[0]: row[3] for row in rows if row[0] not in made}
    known = dict(Job.objects.filter(pk__in=expected).values_list("pk", "payload_sha"))
    if known != expected:
        raise JobConflict


def wake_after_commit(queue: str) -> None:
    """Wake each queue once after the commit."""
    for hook in connection.run_on_commit:
        if isinstance(hook[1], partial) and hook[1].func is wake and hook[1].args == (queue,):
            return
    transaction.on_commit(partial(wake, queue), robust=True)


@dataclass(frozen=True)
class Seen:
    """A job as seen by the app that enqueued it."""

    job_id: str
    state: str  # queued, running, succeeded, failed, cancelled, needs_review
    attempt: int
    run_at: datetime
    progress: Any
    result: Any
    error_code: str


def look(prefix: str, limit: int = 1000) -> list[Seen]:
    """The jobs whose ids begin with `prefix`, by id, such as all of one export: `look("export_part:42:")`."""
    fields = [field.name for field in dataclasses.fields(Seen)]
    rows = Job.objects.filter(pk__startswith=prefix).order_by("pk").values_list(*fields)[:limit]
    return [Seen(*row) for row in rows]


def cancel(kind: str, key: str) -> bool:
    """Cancel a job because what it is about is gone. Returns False if it is finished or does not exist.

    A running job is asked to stop, as by a person: its handler may check (jobs.running.check_cancelled).
    """
    rows = Job.objects.filter(pk=f"{kind}:{key}")
    with transaction.atomic():
        if rows.select_for_update(no_key=True).values_list("state", flat=True).first() == State.QUEUED:
            return bool(rows.move(State.QUEUED, State.CANCELLED))
        running = rows.filter(state=State.RUNNING)
        return bool(running.update(cancel_requested_at=Coalesce("cancel_requested_at", Now())))


def cancel_all(owner: AbstractBaseUser) -> None:
    """Cancel all jobs of a user who is about to go, as cancel() does one."""
    rows = Job.objects.filter(owner=owner.pk)
    with transaction.atomic():
        rows.move(State.QUEUED, State.CANCELLED)
        rows.filter(state=State.RUNNING).update(cancel_requested_at=Coalesce("cancel_requested_at", Now()))


def reschedule(kind: str, key: str, run_at: datetime) -> bool:
    """Move a queued job that was not tried yet to another time (aware). Returns False if there is none.

    Enqueuing it again with the new time is then the same job, and with the former time a conflict.
    """
    rows = Job.objects.filter(pk=f"{kind}:{key}", state=State.QUEUED, attempt=0)
    with transaction.atomic():
        payload = rows.select_for_update(no_key=True).values_list("payload", flat=True).first()
        if payload is None:
            return False
        rows.update(run_at=run_at, payload_sha=hash_of(canonical(payload), run_at))
        wake_after_commit(get_kind(kind).queue)
    return True


def valid_id(job_id: str) -> str:
    if len(job_id) > LONGEST_ID or not JOB_ID.fullmatch(job_id):
        raise ValueError(f"{job_id[:LONGEST_ID]!r} is not a job id: <kind>:<key> of at most {LONGEST_ID} characters.")
    return job_id


def canonical(payload: dict[str, Any]) -> bytes:
    """The same bytes for the same payload. Raises ValueError or TypeError if it is not JSON, or too large."""
    body = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    if len(body) > LARGEST_PAYLOAD:
        raise ValueError(f"A payload may have {LARGEST_PAYLOAD} bytes of JSON, this has {len(body)}: pass ids.")
    return body
