"""Finds the jobs that nobody has come for and announces them again. Any number of sweepers may run at once."""

import logging
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now
from redis import RedisError

from jobs.doorbell import MESSAGE_EXPIRES, breaker, ring
from jobs.failpoints import failpoint
from jobs.models import Job, read_in_order
from taskhub.api.health import redis_client

log = logging.getLogger("jobs.sweep")
BATCH = 500
MOST_WAITING = 2 * BATCH  # messages; to announce jobs again behind so many would only make the queue longer
# Until a job is announced again, by how often it was already: nobody comes faster to a worker that is down
WAITS = {n: timedelta(seconds=5 * 2**n) for n in range(4)}
LONGEST_WAIT = timedelta(seconds=60)
PROBE = "taskhub:probe"


def sweep() -> tuple[int, int]:
    """One batch of due jobs: how many were found, and how many of them the broker took.

    Marks first and announces after the commit: a crash in between costs one wait, never a job. Does nothing while Redis
    takes no messages. A new job may be one of those that a single message stands for (jobs.batch).
    """
    queue = waiting()
    if queue is None:
        return 0, 0
    found = mark(busy=queue >= MOST_WAITING)
    failpoint("sweep.marked")
    return len(found), sum(ring(job_id, new=not (attempt or worker)) for job_id, attempt, worker in found)


def mark(busy: bool) -> list[tuple[str, int, str]]:
    """Id, attempt and worker of the due jobs that come next, which no other sweeper takes from now on.

    While workers are `busy`, a job waits for the message it has. Only those without one are announced: tried, left
    behind or scheduled and never announced since, or announced so long ago that the message has expired.
    """
    wait = Case(*(When(deliveries=n, then=Value(time)) for n, time in WAITS.items()), default=Value(LONGEST_WAIT))
    with transaction.atomic():
        read_in_order()
        due = Job.objects.due().select_for_update(skip_locked=True, no_key=True).order_by("deliver_at")
        expired = due.filter(deliver_at__lt=Now() - timedelta(seconds=MESSAGE_EXPIRES))
        parts = [due.filter(deliveries=0), expired] if busy else [due]
        found = [row for part in parts for row in part.values_list("pk", "attempt", "worker")[:BATCH]]
        marked = Job.objects.filter(pk__in=[job_id for job_id, *_ in found])
        marked.update(deliver_at=Now() + wait, deliveries=F("deliveries") + 1)
    return list(dict.fromkeys(found))


def waiting() -> int | None:
    """How many messages wait for a worker. None when Redis takes no further ones; when it does, ring() need not be
    careful. It is written to, because a replica, or a server whose memory is full, still tells the length of its queue.
    """
    try:
        with redis_client().pipeline(transaction=False) as redis:
            redis.set(PROBE, 1, ex=60)
            redis.llen(settings.CELERY_TASK_DEFAULT_QUEUE)
            _, length = redis.execute()
    except (RedisError, OSError) as error:
        log.warning("Redis takes no messages (%s); due jobs are announced once it does", type(error).__name__)
        return None
    breaker.record(success=True)
    return int(length)
