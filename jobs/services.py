"""The public face of jobs, together with jobs.registry: what other apps may do with background work."""

import hashlib
import json
import re
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs.doorbell import ring
from jobs.models import GRACE, LONGEST_ID, Job, LeaseLost, Outcome, State
from jobs.registry import Cancelled, kind_named
from taskhub.api.problems import Problem

BATCH = 1000  # rows that prune() deletes in one transaction
MOST_PRUNED = 20_000  # in one run, so that it ends within its time limit; the next one goes on
LARGEST_PAYLOAD = 16 * 1024  # bytes of JSON
JOB_ID = re.compile(r"[a-z][a-z0-9_]*(?::[A-Za-z0-9_.@+-]+)+")


class JobConflict(Problem):
    """The same job was enqueued before with another payload: two events share one key, which is a mistake."""

    status_code = 409
    default_code = "conflict"
    default_detail = "A job with this id and another payload exists."


def enqueue(
    kind: str,
    key: str,
    payload: dict[str, Any] | None = None,
    *,
    owner: AbstractBaseUser | None = None,
    run_at: datetime | None = None,
) -> str:
    """Register a job in the current transaction; it runs once that has committed. Returns its id, `<kind>:<key>`.

    `key` names the business event, never the call: the same id and payload again is the same job, and does nothing.
    `payload` holds ids, not data: JSON of up to 16 KiB. `owner` may see the job. `run_at`: not before (aware).

    Raises JobConflict for a known id with another payload, UnknownKind, ValueError for an id or payload that cannot be,
    and RuntimeError outside a transaction: the job would not be bound to what it is about.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("enqueue() belongs into the transaction of what the job is about.")
    job_id = valid_id(f"{kind}:{key}")
    body, known = canonical(payload or {}), kind_named(kind)
    job = Job(
        job_id=job_id,
        kind=kind,
        owner_id=owner.pk if owner else None,
        payload=json.loads(body),
        payload_sha=hashlib.sha256(body).hexdigest(),
        max_attempts=known.max_attempts,
        run_at=run_at or Now(),
        deliver_at=run_at or Now() + GRACE,
        deliveries=0 if run_at or known.in_batches else 1,  # the doorbell's
    )
    Job.objects.bulk_create([job], ignore_conflicts=True)
    if Job.objects.values_list("payload_sha", flat=True).get(pk=job_id) != job.payload_sha:
        raise JobConflict
    if run_at is None:
        transaction.on_commit(partial(ring, job_id, new=True), robust=True)
    return job_id


def valid_id(job_id: str) -> str:
    if len(job_id) > LONGEST_ID or not JOB_ID.fullmatch(job_id):
        raise ValueError(f"{job_id[:LONGEST_ID]!r} is not a job id: <kind>:<key> of at most {LONGEST_ID} characters.")
    return job_id


def canonical(payload: dict[str, Any]) -> bytes:
    """The same bytes for the same payload. Raises ValueError or TypeError for what is not JSON, or too much of it."""
    body = json.dumps(payload, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    if len(body) > LARGEST_PAYLOAD:
        raise ValueError(f"A payload may have {LARGEST_PAYLOAD} bytes of JSON, this has {len(body)}: pass ids.")
    return body


def heartbeat(job: Job, progress: Any = None) -> None:
    """Extend the lease from within a long external part, and tell how far it is (`progress`: small JSON).

    Raises LeaseLost when another attempt has begun: stop at once. Raises RuntimeError inside a transaction, where
    nobody would see it, and where the row lock says the same.
    """
    if connection.in_atomic_block:
        raise RuntimeError("heartbeat() commits by itself: call it outside a transaction.")
    lease_until = Now() + kind_named(job.kind).lease
    told = {} if progress is None else {"progress": progress}
    if not Job.objects.held(job).update(lease_until=lease_until, deliver_at=lease_until, **told):
        raise LeaseLost(job.job_id)


def check_cancelled(job: Job) -> None:
    """Obey from within an external part: look while nothing has happened yet, or between steps that may stay half done.

    Raises Cancelled when somebody asks to cancel the job: let it through, and the job ends as cancelled. A kind with
    `in_doubt="park"` looks before its effect alone. Raises LeaseLost and RuntimeError as heartbeat() does.
    """
    if connection.in_atomic_block:
        raise RuntimeError("check_cancelled() belongs into the external part: nobody can ask during a transaction.")
    rows = list(Job.objects.held(job).values_list("cancel_requested_at", flat=True))
    if not rows:
        raise LeaseLost(job.job_id)
    job.cancel_requested_at = rows[0]
    if job.cancel_requested_at:
        raise Cancelled(job.job_id)


def prune(job: Job, rows: QuerySet[Any]) -> int:
    """Delete `rows`, up to MOST_PRUNED of them, in batches of their own transactions. Returns how many."""
    pruned = 0
    while pruned < MOST_PRUNED and (deleted := delete_batch(rows)):
        pruned += deleted
        heartbeat(job, {"pruned": pruned})
        check_cancelled(job)
    return pruned


def delete_batch(rows: QuerySet[Any]) -> int:
    """Locks first, so that no row goes that stops to be one of `rows` meanwhile, such as a job that is retried."""
    with transaction.atomic():
        batch = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
        rows.order_by().filter(pk__in=batch).delete()
    return len(batch)


def record(finished: list[dict[str, Any]]) -> set[str]:
    """Take over jobs that another system has finished, so that enqueue() of the same event does nothing here.

    Each has `job_id`, `payload` (what enqueue() would be given), `result` (JSON or None), `error` (empty: it succeeded;
    else it failed, its worker lost), `created_at`, `finished_at` (aware) and `owner_id` (or None). What is here already
    is left alone. Returns the ids that are new. Raises ValueError for an id or payload that cannot be.
    """
    jobs = [finished_job(**fields) for fields in finished]
    known = set(Job.objects.filter(pk__in=[job.pk for job in jobs]).values_list("pk", flat=True))
    Job.objects.bulk_create([job for job in jobs if job.pk not in known], ignore_conflicts=True)
    return {job.pk for job in jobs} - known


def finished_job(job_id: str, payload: dict[str, Any], error: str, **fields: Any) -> Job:
    body = canonical(payload)
    return Job(
        job_id=valid_id(job_id),
        kind=job_id.partition(":")[0],
        payload=json.loads(body),
        payload_sha=hashlib.sha256(body).hexdigest(),
        state=State.FAILED if error else State.SUCCEEDED,
        error_code=Outcome.WORKER_LOST if error else "",
        error=error,
        attempt=1,
        max_attempts=1,
        **fields,
    )
