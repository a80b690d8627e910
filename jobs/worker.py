"""The Celery side: one task, whose argument is a queue, and how many processes may work on each queue."""

import fcntl
import mmap
import resource
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from celery.signals import worker_shutting_down
from django.conf import settings
from django.db import close_old_connections

from jobs import engine
from jobs.wakeups import wake
from taskhub.celery import app

SLICE_SECONDS = 60.0  # for which a process works on one message


class Slots:
    """Limits how many processes of this worker may work on each queue, so that no queue starves the others.

    A slot is a lock on one byte of an unnamed file. It ends with the process that holds it, however that dies. The
    processes inherit file and memory, so this is created before they are forked.
    """

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self.numbers, self.queues = numbers, [*numbers]
        self.file = tempfile.TemporaryFile(buffering=0)  # noqa: SIM115 - as long as the process
        self.called = mmap.mmap(-1, len(numbers) + 1)  # one byte for each queue, and one for all

    @contextmanager
    def taken(self, queue: str) -> Iterator[bool]:
        """Yields whether a slot was free; the body holds it then."""
        start = sum(self.numbers[before] for before in self.queues[: self.queues.index(queue)])
        slot = next(filter(self.lock, range(start, start + self.numbers[queue])), None)
        try:
            yield slot is not None
        finally:
            if slot is not None:
                fcntl.lockf(self.file, fcntl.LOCK_UN, 1, slot)

    def lock(self, slot: int) -> bool:
        try:
            fcntl.lockf(self.file, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, slot)
        except OSError:
            return False
        return True

    def call(self, queue: str) -> None:
        """Note that there may be work; a process with a slot checks this before it gives the slot back."""
        self.called[self.queues.index(queue)] = 1

    def was_called(self, queue: str) -> bool:
        return bool(self.called[self.queues.index(queue)])

    def answer(self, queue: str) -> None:
        self.called[self.queues.index(queue)] = 0

    def stop(self) -> None:
        """Tell all processes that the worker is about to end."""
        self.called[-1] = 1

    @property
    def stopping(self) -> bool:
        return bool(self.called[-1])


slots = Slots(settings.JOBS_QUEUES)


@app.task(name="jobs.work")
def work(queue: str) -> None:
    """Carry out what is due in the queue, unless enough processes of this worker do so already."""
    refresh_connection()
    end, more = time.monotonic() + SLICE_SECONDS, False
    slots.call(queue)
    while slots.was_called(queue) and not more:
        with slots.taken(queue) as free:
            if not free:
                return
            slots.answer(queue)
            more = engine.work(queue, more=partial(wake, queue), until=partial(has_to_end, end))
    if more:
        wake(queue)


def has_to_end(end: float) -> bool:
    """Whether to return to Celery, which stops the process, or replaces it if it has grown large."""
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > settings.CELERY_WORKER_MAX_MEMORY_PER_CHILD
    return time.monotonic() > end or slots.stopping or grown


@worker_shutting_down.connect
def say_stop(**_: Any) -> None:
    slots.stop()


def refresh_connection() -> None:
    """Notice a lost database connection here rather than in the middle of a claim."""
    engine.discard_broken_connection()
    close_old_connections()
