"""How jobs are taken: many new ones of a kind by one statement, any other by itself. docs/jobs.md says why it is safe.

A claim counts the attempt and starts the lease, and is committed before the work begins. It is fixed text: each job
takes one (docs/adr/0011-where-sql-is-fixed.md).
"""

import json
import logging
import os
import socket
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, OperationalError, connection, models, transaction
from django.db.models import F
from psycopg.errors import LockNotAvailable

from jobs.failpoints import failpoint
from jobs.models import UNFINISHED, Attempt, Job, Outcome, Rate, State
from jobs.registry import Kind
from taskhub.postgresql.errors import is_caused_by

log = logging.getLogger("jobs")
FIELDS = Job._meta.concrete_fields
NAMES = [field.attname for field in FIELDS]
COLUMNS = ", ".join(NAMES)
# A page of job_log_unfinished_idx is read for each kind, however many jobs wait and whatever the planner's statistics
# say: these are its columns
DUE_AT = "COALESCE(lease_until, run_at)"
NEW = f"""job_log.kind = known.kind AND LEAST(attempt, 1) = 0 AND state = 'queued'
    AND {DUE_AT} <= statement_timestamp() ORDER BY {DUE_AT}"""
TRIED = f"""job_log.kind = known.kind AND LEAST(attempt, 1) = 1 AND state IN ('queued', 'running')
    AND {DUE_AT} <= statement_timestamp() ORDER BY {DUE_AT}"""
RUNNABLE = "NOT EXISTS (SELECT FROM job_pause WHERE name IN ('kind:' || known.kind, 'queue:' || known.queue))"
# Of the given kinds, takes the most urgent one that has new jobs, and up to its number of them. Rows that another
# worker is claiming are skipped
CLAIM_NEW = f"""
    WITH first AS MATERIALIZED (
        SELECT known.* FROM unnest(%(kinds)s::text[], %(queues)s::text[], %(priorities)s::int[], %(sizes)s::int[],
            %(leases)s::interval[]) AS known (kind, queue, priority, size, lease)
        CROSS JOIN LATERAL (SELECT {DUE_AT} AS due FROM job_log WHERE {NEW} LIMIT 1) AS oldest
        WHERE {RUNNABLE} ORDER BY priority, due LIMIT 1
    ), picked AS MATERIALIZED (
        SELECT job_id FROM first AS known CROSS JOIN LATERAL (
            SELECT job_id FROM job_log WHERE {NEW} LIMIT known.size FOR NO KEY UPDATE SKIP LOCKED
        ) AS new
    )
    UPDATE job_log SET state = 'running', attempt = 1, worker = %(worker)s, started_at = statement_timestamp(),
        lease_until = statement_timestamp() + (SELECT lease FROM first)
    WHERE job_id = ANY (ARRAY (SELECT job_id FROM picked))
    RETURNING {COLUMNS}
"""  # noqa: S608 - our own text
# Jobs that are claimed alone, the most urgent first. Several, because other workers compete for them
FIND = f"""
    SELECT job_id FROM unnest(%(kinds)s::text[], %(queues)s::text[], %(priorities)s::int[], %(alone)s::bool[])
        AS known (kind, queue, priority, alone)
    CROSS JOIN LATERAL (
        (SELECT job_id, {DUE_AT} AS due FROM job_log WHERE {TRIED} LIMIT 8)
        UNION ALL
        (SELECT job_id, {DUE_AT} FROM job_log WHERE known.alone AND {NEW} LIMIT 8)
    ) AS found
    WHERE {RUNNABLE} ORDER BY priority, due LIMIT 8
"""  # noqa: S608
DUE = f"""
    SELECT kind FROM unnest(%(kinds)s::text[], %(queues)s::text[]) AS known (kind, queue)
    WHERE {RUNNABLE} AND (
        (SELECT true FROM job_log WHERE {NEW} LIMIT 1) OR (SELECT true FROM job_log WHERE {TRIED} LIMIT 1)
    )
"""  # noqa: S608
OLDEST = f"""
    SELECT job_id, due, statement_timestamp() - due FROM unnest(%(kinds)s::text[]) AS known (kind)
    CROSS JOIN LATERAL (
        (SELECT job_id, {DUE_AT} AS due FROM job_log WHERE {NEW} LIMIT 1)
        UNION ALL
        (SELECT job_id, {DUE_AT} FROM job_log WHERE {TRIED} LIMIT 1)
    ) AS found
    ORDER BY due LIMIT 1
"""  # noqa: S608
# A token bucket shared by all workers, which holds at most RATE_SECONDS of the rate
ALLOW = """
    WITH filled AS (
        SELECT LEAST(%(most)s, available + %(rate)s * extract(epoch FROM statement_timestamp() - counted_at)) AS tokens
        FROM job_rate WHERE kind = %(kind)s FOR NO KEY UPDATE
    )
    UPDATE job_rate SET available = tokens - LEAST(%(wanted)s, floor(tokens)), counted_at = statement_timestamp()
    FROM filled WHERE kind = %(kind)s RETURNING LEAST(%(wanted)s, floor(tokens))::int
"""
RATE_SECONDS = 3.0  # seconds; longer than the pause between sweeps, which wake workers for what the rate held back
# Running jobs are matched by their lease: with `state = 'running'`, a planner whose statistics know no unfinished job
# would scan the index of all of them instead of looking up this one by its key
CLAIM = f"""
    UPDATE job_log SET state = 'running', attempt = attempt + 1, worker = %(worker)s, progress = NULL,
        started_at = statement_timestamp(), lease_until = statement_timestamp() + %(lease)s
    WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND CASE state
        WHEN 'queued' THEN run_at <= statement_timestamp()
        WHEN 'running' THEN lease_until < statement_timestamp()
    END
    RETURNING {COLUMNS}
"""  # noqa: S608
RELEASE = """
    UPDATE job_log SET state = 'queued', attempt = 0, worker = '', started_at = NULL, lease_until = NULL
    WHERE job_id = ANY (%(job_ids)s) AND lease_until IS NOT NULL AND attempt = 1 AND worker = %(worker)s
"""
EMPTY_PAYLOAD_SHA = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of {}
SENTENCES = {
    Outcome.WORKER_LOST: "The worker vanished; its lease ended.",
    Outcome.IN_DOUBT: "Whether the external effect happened is unknown, and it may not happen twice.",
}


def claim_new(sizes: Mapping[Kind, int], begin_within: float) -> list[Job]:
    """New jobs of one of these kinds, up to its number of them, each in its first attempt; the oldest first.

    The caller begins each within that many seconds, or gives it back by release().
    """
    values = {
        **described(sizes),
        "sizes": [*sizes.values()],
        "leases": [timedelta(seconds=begin_within + kind.lease_seconds) for kind in sizes],
        "worker": worker_name(),
    }
    jobs = sorted(fetch(CLAIM_NEW, values), key=lambda job: (job.run_at, job.pk))
    failpoint("claim.after_commit")
    return jobs


def release(jobs: Iterable[Job]) -> None:
    """Queue jobs of claim_new() again that were not begun. Their attempt does not count, because it was not begun."""
    with connection.cursor() as cursor:
        cursor.execute(RELEASE, {"job_ids": [job.pk for job in jobs], "worker": worker_name()})


def find(kinds: Iterable[Kind]) -> list[str]:
    """Ids of due jobs that are claimed alone: tried before, left behind, or of a kind that may not be repeated."""
    return [job_id for (job_id,) in query(FIND, kinds, alone=[kind.in_doubt == "park" for kind in kinds])]


def due(kinds: Iterable[Kind]) -> set[str]:
    """The names of those kinds that have something due and are not paused."""
    return {name for (name,) in query(DUE, kinds)}


def oldest_due(kinds: Iterable[Kind]) -> tuple[str, datetime, timedelta] | None:
    """The job of these kinds that has been due longest, since when, and for how long."""
    found = query(OLDEST, kinds)
    return found[0] if found else None


def allow(kind: Kind, wanted: int) -> int:
    """How many of that many jobs of the kind may begin now. They are counted as begun."""
    if kind.rate is None:
        return wanted
    most = max(1.0, kind.rate * RATE_SECONDS)
    Rate.objects.bulk_create([Rate(kind=kind.name, available=most)], ignore_conflicts=True)
    with connection.cursor() as cursor:
        cursor.execute(ALLOW, {"kind": kind.name, "rate": kind.rate, "most": most, "wanted": wanted})
        return int(cursor.fetchone()[0])


def give_back(kind: Kind, number: int) -> None:
    """Return what allow() counted for jobs that were not begun."""
    if kind.rate is not None and number:
        Rate.objects.filter(kind=kind.name).update(available=F("available") + number)


def query(statement: str, kinds: Iterable[Kind], **more: list[Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {**described(kinds), **more})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def described(kinds: Iterable[Kind]) -> dict[str, Any]:
    """The parameters that describe these kinds to a statement."""
    return {
        "kinds": [kind.name for kind in kinds],
        "queues": [kind.queue for kind in kinds],
        "priorities": [kind.priority for kind in kinds],
    }


def claim(job_id: str, kind: Kind) -> Job | None:
    """Take this job for one attempt. None when it is settled, held, not due, or not there."""
    try:
        with transaction.atomic():
            job = locked(job_id, kind)
            failpoint("claim.locked")
            taken = job and take(job, kind)
            failpoint("claim.before_commit")
    except OperationalError as error:
        if is_caused_by(error, LockNotAvailable):
            return None  # its worker is about to settle it, or another one claims it
        raise
    failpoint("claim.after_commit")
    return taken or None


def locked(job_id: str, kind: Kind) -> Job | None:
    new = {"kind": kind.name, "max_attempts": kind.max_attempts, "payload_sha": EMPTY_PAYLOAD_SHA}
    rows = Job.objects.select_for_update(nowait=True, no_key=True)
    job, created = rows.get_or_create(job_id=job_id, defaults=new)
    if created:
        transaction.set_rollback(True)  # it was pruned since it was found
        return None
    return job


def take(job: Job, kind: Kind) -> Job | None:
    """The locked job, claimed, or None. Its former worker, if any, has been silent for a whole lease."""
    if job.state not in UNFINISHED:
        return None
    left_behind = job.state == State.RUNNING
    ending = end_of(job, left_behind)
    if ending:
        give_up(job, kind, *ending)
        return None
    claimed = fetch(CLAIM, {"job_id": job.pk, "attempt": job.attempt, "worker": worker_name(),
        "lease": timedelta(seconds=kind.lease_seconds)})  # fmt: skip
    if not claimed:
        return None
    if left_behind:
        record_attempt(job, Outcome.WORKER_LOST)
    return claimed[0]


def end_of(job: Job, left_behind: bool) -> tuple[State, Outcome] | None:
    """The state and outcome that it gets instead of another attempt."""
    if left_behind and job.in_doubt_since:
        return State.NEEDS_REVIEW, Outcome.IN_DOUBT
    if left_behind and job.cancel_requested_at:
        return State.CANCELLED, Outcome.WORKER_LOST
    if job.attempt >= job.max_attempts:
        return State.FAILED, Outcome.WORKER_LOST
    return None


def give_up(job: Job, kind: Kind, target: State, outcome: Outcome) -> None:
    rows = Job.objects.filter(pk=job.pk).claimable()
    if not rows.move(State(job.state), target, error_code=outcome, error=SENTENCES[outcome]):
        return
    if job.state == State.RUNNING:
        record_attempt(job, outcome)
    if target == State.FAILED:
        fail_with(job, kind, SENTENCES[outcome])


def record_attempt(job: Job, outcome: Outcome, error: str = "") -> None:
    """Record the outcome of the attempt that `job` was claimed for."""
    of_job: Any = {"job": job, "attempt": job.attempt, "worker": job.worker, "started_at": job.started_at}
    Attempt.objects.create(**of_job, outcome=outcome, error=error or SENTENCES.get(outcome, ""))


def fail_with(job: Job, kind: Kind, error: str) -> None:
    """Call the kind's `failed` in the transaction that fails the job for good."""
    if kind.failed:
        try:
            with transaction.atomic():
                kind.failed(job, error)
        except Exception:  # the job has failed all the same
            log.exception("%s: failed() of its kind raised", job.pk)


def fetch(statement: str, values: Mapping[str, Any]) -> list[Job]:
    """The jobs whose COLUMNS a statement returns."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [Job.from_db(DEFAULT_DB_ALIAS, NAMES, [*map(decoded, FIELDS, row)]) for row in cursor.fetchall()]


def decoded(field: "models.Field[Any, Any]", value: Any) -> Any:
    """Django leaves it to its fields to decode JSON."""
    return json.loads(value) if value is not None and isinstance(field, models.JSONField) else value


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:80]
