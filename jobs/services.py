"""How other apps register background work. With jobs.registry and jobs.running, the public face of jobs."""

import hashlib
import json
import re
from datetime import datetime
from functools import partial
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.db import connection, transaction
from django.db.models.functions import Now

from jobs.models import GRACE, LONGEST_ID, Job
from jobs.registry import get_kind
from jobs.wakeups import wake
from taskhub.api.problems import Problem

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
    body, known = canonical(payload or {}), get_kind(kind)
    job = Job(
        job_id=job_id,
        kind=kind,
        owner_id=owner.pk if owner else None,
        payload=json.loads(body),
        payload_sha=hashlib.sha256(body).hexdigest(),
        max_attempts=known.max_attempts,
        run_at=run_at or Now(),
        deliver_at=run_at or Now() + GRACE,
        deliveries=0 if run_at or known.in_batches else 1,  # the wake-up below
    )
    Job.objects.bulk_create([job], ignore_conflicts=True)
    if Job.objects.values_list("payload_sha", flat=True).get(pk=job_id) != job.payload_sha:
        raise JobConflict
    if run_at is None:
        transaction.on_commit(partial(wake, job_id, new=True), robust=True)
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
