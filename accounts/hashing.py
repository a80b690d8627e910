"""How many passwords are hashed at once: hashing takes all of a core, and whoever asks for it is a stranger."""

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from taskhub.api import arrived
from taskhub.api.limits import RateLimited

LONGEST_WAIT = 5  # seconds since the request arrived: its client may have left since
BUSY = "The server is busy with other passwords."


class Gate:
    """Lets `at_once` threads through, and lets others wait while there are no more than `places` in all."""

    def __init__(self, at_once: int, places: int) -> None:
        self.turns, self.places = threading.Semaphore(at_once), threading.Semaphore(places)

    def require_place(self) -> None:
        """Spares the work that comes before the hash. Raises RateLimited when all places are taken."""
        if not self.places.acquire(blocking=False):
            raise RateLimited(1, BUSY)
        self.places.release()

    @contextmanager
    def passed(self) -> Iterator[None]:
        """Raises RateLimited when all places are taken, or the turn comes too late."""
        if not self.places.acquire(blocking=False):
            raise RateLimited(1, BUSY)
        try:
            left = LONGEST_WAIT - (time.monotonic() - arrived.get(time.monotonic()))
            if left <= 0 or not self.turns.acquire(timeout=left):
                raise RateLimited(1, BUSY)
            try:
                yield
            finally:
                self.turns.release()
        finally:
            self.places.release()


# In each server process. One thread stays free for everything else, and so does what a core can do beside one hash
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
gate = Gate(at_once=max(1, CORES // settings.WEB_WORKERS), places=max(1, settings.WEB_THREADS - 1))
