"""Finds the jobs that nobody has come for and announces them again. Any number of sweepers may run at once."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now
from redis import RedisError

from jobs.doorbell import breaker, ring
from jobs.failpoints import failpoint
from jobs.models import Job
from taskhub.api.health import redis_client

log = logging.getLogger("jobs.sweep")
BATCH = 500
MOST_WAITING = 2 * BATCH  # messages; to announce jobs again behind so many would only make the queue longer
# Until a job is announced again, by how often it was already: nobody comes faster to a worker that is down
WAITS = {n: timedelta(seconds=min(60, 10 * 2**n)) for n in range(4)}
LONGEST_WAIT = timedelta(seconds=60)


def sweep() -> tuple[int, int]:
    """One batch of due jobs: how many were found, and how many of them the broker took.

    Marks first and announces after the commit: a crash in between costs one wait, never a job. Does nothing while Redis
    is away, and while workers have enough to do: their queue would grow by each waiting job again and again.
    """
    queue = waiting()
    if queue is None or queue >= MOST_WAITING:
        return 0, 0
    wait = Case(*(When(deliveries=n, then=Value(time)) for n, time in WAITS.items()), default=Value(LONGEST_WAIT))
    with transaction.atomic():
        due = Job.objects.due().select_for_update(skip_locked=True, no_key=True).order_by("deliver_at")
        job_ids = list(due.values_list("pk", flat=True)[:BATCH])
        Job.objects.filter(pk__in=job_ids).update(deliver_at=Now() + wait, deliveries=F("deliveries") + 1)
    failpoint("sweep.marked")
    return len(job_ids), sum(ring(job_id) for job_id in job_ids)


def waiting() -> int | None:
    """How many messages wait for a worker. None when Redis does not say; when it does, ring() need not be careful."""
    try:
        length = int(redis_client().llen(settings.CELERY_TASK_DEFAULT_QUEUE))
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer (%s); due jobs are announced once it does", type(error).__name__)
        return None
    breaker.record(success=True)
    return length
