"""What a handler may do while its job runs. With jobs.services and jobs.registry, the public face of jobs."""

from datetime import timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import QuerySet
from django.db.models.functions import Now

from jobs.engine import watch
from jobs.models import Job, LeaseLost
from jobs.registry import Cancelled, get_kind

BATCH = 1000  # rows that prune() deletes in one transaction
MOST_PRUNED = 20_000  # in one run, so that it ends within its time limit; the next one goes on


def heartbeat(job: Job, progress: Any = None, cursor: Any = None) -> None:
    """A sign of life from a long external part. Extends the lease; call it at least three times during one.

    `progress` is shown to the owner, `cursor` is where the next attempt goes on (`job.cursor`): small JSON values.

    Raises LeaseLost when another attempt has begun: stop at once. Raises RuntimeError inside a transaction, where
    it would be invisible, and is not needed: the row lock protects the attempt.
    """
    if connection.in_atomic_block:
        raise RuntimeError("heartbeat() commits by itself: call it outside a transaction.")
    kind = get_kind(job.kind)
    told = {name: value for name, value in (("progress", progress), ("cursor", cursor)) if value is not None}
    if not Job.objects.held(job).update(lease_until=Now() + timedelta(seconds=kind.lease_seconds), **told):
        raise LeaseLost(job.job_id)
    job.cursor = job.cursor if cursor is None else cursor
    if watch.end:
        watch.extend(kind.silence_limit)


def check_cancelled(job: Job) -> None:
    """Comply with a cancel request: in an external part, before its effect or between steps that may stay undone.

    Raises Cancelled when somebody asks to cancel the job: let it through, and the job ends as cancelled. A kind with
    `in_doubt="park"` looks before its effect alone. Raises LeaseLost and RuntimeError as heartbeat() does.
    """
    if connection.in_atomic_block:
        raise RuntimeError(
            "check_cancelled() is for the external part: during a transaction, requests to cancel are invisible."
        )
    rows = list(Job.objects.held(job).values_list("cancel_requested_at", flat=True))
    if not rows:
        raise LeaseLost(job.job_id)
    job.cancel_requested_at = rows[0]
    if job.cancel_requested_at:
        raise Cancelled(job.job_id)


def prune(job: Job, rows: QuerySet[Any]) -> int:
    """Delete `rows`, up to MOST_PRUNED of them, in batches with a transaction each. Returns how many."""
    pruned = 0
    while pruned < MOST_PRUNED and (deleted := delete_batch(rows)):
        pruned += deleted
        heartbeat(job, {"pruned": pruned})
        check_cancelled(job)
    return pruned


def delete_batch(rows: QuerySet[Any]) -> int:
    """Locks the rows first, so that one that no longer matches, such as a job just retried, is not deleted."""
    with transaction.atomic():
        batch = list(rows.select_for_update(skip_locked=True).values_list("pk", flat=True)[:BATCH])
        rows.order_by().filter(pk__in=batch).delete()
    return len(batch)
