"""Carries out new jobs of one kind many at a time, when the kind touches nothing but the database.

The promise is that of jobs.protocol, with fewer round trips. One transaction holds the row locks of all its jobs from
before their handlers run until `succeeded` is committed, so it needs no lease; each job has a savepoint of its own.
Whatever does not succeed here - its handler raised, its process died, time ran out - is as it was, with no attempt
counted, and jobs.protocol carries it out alone. A job is in a batch once: its worker marks it before the work begins,
so that one which kills its process takes no other with it twice.
"""

import json
import logging
import time

from django.contrib.postgres.functions import TransactionNow
from django.db import connection, transaction
from django.db.models.functions import Now

from jobs.failpoints import failpoint
from jobs.models import Attempt, Job, LeaseLost, Outcome, read_in_order
from jobs.protocol import worker_name
from jobs.registry import Kind, find_kind
from jobs.wakeups import forget_pending, wake

log = logging.getLogger("jobs")
SIZE = 50
BATCH_SECONDS = 1.0  # seconds until a batch begins with no further job; locks last until the one at work has ended
# The row locks are held, so this finds every row; if it does not, nothing of the batch is committed. What was neither
# attempted nor finished is queued: as in jobs.protocol, that word would let a planner read the whole backlog
SUCCEED = """
    UPDATE job_log SET state = 'succeeded', attempt = 1, result = nullif(done.result, 'null'),
        started_at = transaction_timestamp(), finished_at = statement_timestamp()
    FROM unnest(%s::text[], %s::jsonb[]) AS done (job_id, result)
    WHERE job_log.job_id = done.job_id AND attempt = 0 AND finished_at IS NULL
"""


def takes(job_id: str) -> bool:
    """Whether a message about this job stands for all new ones of its kind; one that was begun is for jobs.protocol.

    Should it have been begun since, by another worker's batch, those that came after it get a message of their own.
    """
    kind = find_kind(job_id)
    if kind is None or not kind.in_batches:
        return False
    if Job.objects.filter(pk=job_id).begun().exists():
        wake_for_new(kind)
        return False
    return True


def wake_for_new(kind: Kind) -> None:
    forget_pending(kind.name)
    for job_id in Job.objects.filter(kind=kind.name).new().values_list("pk", flat=True)[:1]:
        wake(job_id)


def run(kind: Kind) -> str:
    """Carry out a batch, and announce each of its jobs that did not succeed. Returns what came of it, for the log."""
    forget_pending(kind.name)
    batch, another = mark(kind)
    if another:
        wake(another)  # there is more to do, and perhaps an idle worker
    succeeded = attempt(batch, kind)
    for job_id in batch:
        if job_id not in succeeded:
            wake(job_id)
    return f"{len(succeeded)} of {len(batch)} succeeded in a batch" if batch else "nothing to do"


def mark(kind: Kind) -> tuple[list[str], str | None]:
    """The ids of up to SIZE new jobs, which no other batch takes from now on, and of one more if there are more."""
    with transaction.atomic():
        read_in_order()
        rows = Job.objects.filter(kind=kind.name).new().select_for_update(skip_locked=True, no_key=True)
        found = list(rows.order_by("run_at").values_list("pk", flat=True)[: SIZE + 1])
        Job.objects.filter(pk__in=found[:SIZE]).update(worker=worker_name(), started_at=Now())
    failpoint("batch.marked")
    return found[:SIZE], found[SIZE] if len(found) > SIZE else None


def attempt(batch: list[str], kind: Kind) -> dict[str, str]:
    try:
        return work(batch, kind) if batch else {}
    except Exception as error:  # one of them spoiled the commit, or nobody knows whether it happened: the rows say it
        log.warning("a batch of %d %s did not end well; each is tried alone", len(batch), kind.name, exc_info=error)
        return {}


def work(batch: list[str], kind: Kind) -> dict[str, str]:
    """The effects of the jobs that raise nothing, and the word `succeeded`. Returns their results as JSON, by id."""
    results: dict[str, str] = {}
    end = time.monotonic() + BATCH_SECONDS
    with transaction.atomic():
        rows = Job.objects.filter(pk__in=batch, attempt=0, finished_at=None)
        for job in rows.select_for_update(skip_locked=True, no_key=True).order_by("run_at"):
            if time.monotonic() > end:
                break
            job.attempt = 1
            try:
                with transaction.atomic():
                    results[job.pk] = json.dumps(kind.finish(job, None), allow_nan=False)
                    connection.validate_no_broken_transaction()  # or the savepoint ends in a rollback that nobody sees
                    failpoint("batch.after_job")
            except Exception as error:  # the others go on, unless not even a rollback is possible
                if connection.needs_rollback:
                    raise
                results.pop(job.pk, None)
                log.warning("%s raised in a batch", job.pk, exc_info=error)
        succeed(results)
        failpoint("batch.before_commit")
    failpoint("batch.after_commit")
    return results


def succeed(results: dict[str, str]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(SUCCEED, [list(results), list(results.values())])
        if cursor.rowcount != len(results):
            raise LeaseLost(f"{cursor.rowcount} of {len(results)} jobs")
    ended = {"attempt": 1, "worker": worker_name(), "started_at": TransactionNow(), "ended_at": Now()}
    Attempt.objects.bulk_create(Attempt(job_id=pk, outcome=Outcome.SUCCEEDED, **ended) for pk in results)
