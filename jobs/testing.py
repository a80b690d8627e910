"""For tests of other apps: find what was enqueued, and carry it out without worker or broker."""

from typing import Any
from unittest.mock import patch

from jobs import claims, engine
from jobs.models import Job
from jobs.registry import get_kind, kind_for_job, kinds

MOST = 1000  # jobs; beyond that they are taken to enqueue each other without end


def assert_enqueued(kind: str, key: str | None = None, **fields: Any) -> Job:
    """Returns the one job of the kind (and key) that has these fields, such as `payload` or `owner`.

    Raises AssertionError, which lists the jobs that exist instead.
    """
    get_kind(kind)
    jobs = Job.objects.filter(kind=kind) if key is None else Job.objects.filter(pk=f"{kind}:{key}")
    found = list(jobs.filter(**fields))
    there = list(Job.objects.filter(kind=kind).values_list("pk", "payload", "run_at")[:10])
    if len(found) != 1:
        raise AssertionError(f"{len(found)} jobs are like that; of the kind {kind} there are {there}")
    return found[0]


def drain(*names: str) -> dict[str, str]:
    """Carry out due jobs of these kinds, or of all, in this process until none is left.

    Returns each job's id with `succeeded` or the outcome of its last attempt. A handler's error is recorded
    as in a worker, not raised. Works inside the transaction of a test; external parts run inside it, too, so

    one that calls heartbeat() needs `@pytest.mark.django_db(transaction=True)`.
    """
    served = [get_kind(name) for name in names] or kinds()
    came: dict[str, str] = {}
    with patch.object(engine, "discard_broken_connection"), patch.object(engine, "require_autocommit"):
        while job := next_job(served):
            came[job.pk] = engine.attempt(job, get_kind(job.kind))
            if len(came) > MOST:
                raise AssertionError(f"More than {MOST} jobs: they enqueue each other without end.")
    return came


def next_job(served: list[Any]) -> Job | None:
    new = claims.claim_new({kind: 1 for kind in served if kind.in_doubt != "park"}, begin_within=1)
    if new:
        return new[0]
    for job_id in claims.find(served):
        if job := claims.claim(job_id, kind_for_job(job_id)):
            return job
    return None
