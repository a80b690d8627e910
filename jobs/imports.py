"""Jobs that another system has finished. Only importers call this."""

import hashlib
import json
from typing import Any

from jobs.models import Job, Outcome, State
from jobs.services import canonical, valid_id


def record(finished: list[dict[str, Any]]) -> set[str]:
    """Record jobs that another system has finished, so that enqueue() of the same event does nothing here.

    Each has `job_id`, `payload` (what enqueue() would be given), `result` (JSON or None), `error` (empty: it succeeded;
    else it failed, its worker lost), `created_at`, `finished_at` (aware) and `owner_id` (or None). Existing rows
    are left alone. Returns the ids that are new. Raises ValueError for an invalid id or payload.
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
