"""Finds the jobs that nobody has come for and announces them again. Any number of sweepers may run at once."""

import json
import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Case, F, Value, When
from django.db.models.functions import Now
from redis import RedisError

from jobs.failpoints import failpoint
from jobs.models import Job, read_in_order
from jobs.wakeups import MESSAGE_EXPIRES, breaker, wake
from taskhub.redis import redis_client

log = logging.getLogger("jobs.sweep")
BATCH = 500  # jobs; twice as many may be found behind messages that wait
# Until a job is announced again, by how often it was already: nobody comes faster to a worker that is down
WAITS = {n: timedelta(seconds=5 * 2**n) for n in range(4)}
LONGEST_WAIT = timedelta(seconds=60)
PROBE = "taskhub:probe"


def sweep() -> tuple[int, int]:
    """Some of the due jobs: how many were found, and how many of them the broker took.

    Marks first and announces after the commit: a crash in between costs one wait, never a job. Does nothing while Redis
    takes no messages. A new job may be one of those that a single message stands for (jobs.batch).
    """
    try:
        oldest = oldest_message()
    except (RedisError, OSError) as error:
        log.warning("Redis takes no messages (%s); due jobs are announced once it does", type(error).__name__)
        return 0, 0
    found = mark(sent_at(oldest) if oldest else None)
    failpoint("sweep.marked")
    return len(found), sum(wake(job_id, new=not (attempt or worker)) for job_id, attempt, worker in found)


def mark(waiting_since: datetime | None) -> list[tuple[str, int, str]]:
    """Id, attempt and worker of the due jobs that come next, which no other sweeper takes from now on.

    When messages wait for workers, `waiting_since` is when the oldest of them was sent. Then only jobs that have none
    are announced: those that never were since they were tried, left behind or scheduled, and those that should have
    been again before that time, whose messages came before the oldest.
    """
    wait = Case(*(When(deliveries=n, then=Value(time)) for n, time in WAITS.items()), default=Value(LONGEST_WAIT))
    with transaction.atomic():
        read_in_order()
        due = Job.objects.due().select_for_update(skip_locked=True, no_key=True).order_by("deliver_at")
        parts = [due.filter(deliveries=0), due.filter(deliver_at__lt=waiting_since)] if waiting_since else [due]
        found = [row for part in parts for row in part.values_list("pk", "attempt", "worker")[:BATCH]]
        marked = Job.objects.filter(pk__in=[job_id for job_id, *_ in found])
        marked.update(deliver_at=Now() + wait, deliveries=F("deliveries") + 1)
    return list(dict.fromkeys(found))


def oldest_message() -> bytes | None:
    """Of those that no worker has taken. Raises RedisError or OSError when Redis takes no further ones.

    It is written to, because a replica, or a server whose memory is full, still tells what it has. When it takes that,
    wake() need not be careful.
    """
    with redis_client().pipeline(transaction=False) as redis:
        redis.set(PROBE, 1, ex=60)
        redis.lindex(settings.CELERY_TASK_DEFAULT_QUEUE, -1)
        _, oldest = redis.execute()
    breaker.record(success=True)
    return bytes(oldest) if oldest else None


def sent_at(message: bytes) -> datetime | None:
    """By its sender's clock, which may be wrong: then jobs are announced more often, or later. None for no message of
    ours, which tells no time.
    """
    try:
        expires = datetime.fromisoformat(json.loads(message)["headers"]["expires"])
    except (ValueError, KeyError, TypeError):
        return None
    return expires - timedelta(seconds=MESSAGE_EXPIRES)
