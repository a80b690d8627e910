"""Wake-ups: messages that say that a queue may have work. Losing one loses nothing, because the sweep sends another."""

import logging
import threading
import time

from kombu.exceptions import OperationalError
from redis import RedisError

from taskhub.celery import app

log = logging.getLogger("jobs.wakeups")
SILENCE = 5.0  # seconds without a try after a failure, so that a frozen broker delays one request, not all


class Breaker:
    """Open for SILENCE seconds after a failure."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.open_until = 0.0

    def lets_through(self) -> bool:
        """After a failure, one caller at a time may try again; for the others it stays open meanwhile."""
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


def wake(queue: str) -> bool:
    """Wake a worker of the queue. Returns False if the broker did not take the message, which is logged.

    A waiting message stands for all jobs of the queue, because the worker that takes it looks only then. So the broker
    holds about one for each queue, however many jobs there are and however long no worker runs.
    """
    if not breaker.lets_through():
        return False
    try:
        with app.producer_or_acquire() as producer:
            if not producer.channel.client.llen(queue):
                app.send_task("jobs.work", args=[queue], queue=queue, producer=producer, retry=False)
    except (OperationalError, RedisError, OSError) as error:
        breaker.record(success=False)
        log.warning("the broker did not take a wake-up (%s); the sweep will send one", type(error).__name__)
        return False
    breaker.record(success=True)
    return True
