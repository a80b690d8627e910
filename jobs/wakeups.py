"""Wake-ups: messages that say there may be work. Losing one loses nothing, as the sweep finds every job that waits."""

import logging
import threading
import time
from typing import Any

from kombu.exceptions import OperationalError
from redis import RedisError

from jobs.registry import find_kind
from taskhub.celery import app
from taskhub.redis import redis_client

log = logging.getLogger("jobs.wakeups")
MESSAGE_EXPIRES = 3600  # seconds; far less than finished jobs are kept, so that no late message finds its job pruned
PENDING = "taskhub:pending:{}"  # while it is in Redis, a message for a batch of that kind is on its way
LONGEST_PENDING = 1000  # milliseconds; then that message counts as lost
SILENCE = 5.0  # seconds without a try after a failed one, so that a frozen broker delays one request and not all


class Breaker:
    """Open for SILENCE seconds after a failure."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open_until = 0.0

    def lets_through(self) -> bool:
        """One caller at a time tries again after a failure; to the others it stays open meanwhile."""
        with self.lock:
            if time.monotonic() < self.open_until:
                return False
            if self.open_until:
                self.open_until = time.monotonic() + SILENCE
            return True

    def record(self, success: bool) -> None:
        with self.lock:
            self.open_until = 0.0 if success else time.monotonic() + SILENCE


breaker = Breaker()


def wake(job_id: str, new: bool = False) -> bool:
    """Send the id to the workers. False when the broker did not take it, which is logged and no error.

    `new` says that nobody was told of the job before: then one message stands for a whole batch (jobs.batch).
    """
    if not breaker.lets_through():
        return False
    try:
        if not new or is_first(job_id):
            app.send_task("jobs.run", args=[job_id], expires=MESSAGE_EXPIRES, retry=False, **limits(job_id))
    except (OperationalError, RedisError, OSError) as error:
        breaker.record(success=False)
        log.warning("the broker did not take %s (%s); the sweep will announce it", job_id, type(error).__name__)
        return False
    breaker.record(success=True)
    return True


def is_first(job_id: str) -> bool:
    """False while a message for the batch that this job will be in is on its way to a worker."""
    kind = find_kind(job_id)
    if kind is None or not kind.in_batches:
        return True
    return bool(redis_client().set(PENDING.format(kind.name), 1, nx=True, px=LONGEST_PENDING))


def forget_pending(kind: str) -> None:
    """For the worker, before it looks for new jobs: whoever commits one from now on sends another message."""
    try:
        redis_client().delete(PENDING.format(kind))
    except (RedisError, OSError) as error:
        log.warning("Redis does not answer (%s); new jobs are announced a little later", type(error).__name__)


def limits(job_id: str) -> dict[str, Any]:
    """None for a kind that only a newer release knows: its worker is told nevertheless."""
    kind = find_kind(job_id)
    return {"soft_time_limit": kind.soft_time_limit, "time_limit": kind.time_limit} if kind else {}
