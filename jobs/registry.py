"""Which kinds of job there are, what carries out each, and which come back by themselves."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import uniform
from typing import Any, Literal

from jobs.models import Job

External = Callable[[Job], Any]
Work = Callable[[Job], Any]
Finish = Callable[[Job, Any], Any]
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class PermanentError(Exception):
    """Raised by a handler when no further attempt can help. The job fails at once."""


class NotDone(Exception):
    """Raised by the external part of an `in_doubt="park"` kind when its effect surely did not happen: try again."""


class Cancelled(Exception):
    """Raised by jobs.services.check_cancelled. It ends the job: what was done so far may stay as it is."""


class UnknownKind(LookupError):
    """No handler of this kind is loaded in this process."""


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are carried out. Times are seconds."""

    name: str
    finish: Finish
    external: External | None = None
    max_attempts: int = 5
    backoff: float = 2  # before the second attempt; doubles with each further one
    backoff_limit: float = 15 * 60
    time_limit: int = 50  # for external part and transaction together; the process is then killed
    lease_margin: float = 10  # how much longer the lease is: nobody else may try while this attempt could be alive
    in_doubt: Literal["retry", "park"] = "retry"
    from_message: bool = False
    owner_may: tuple[Literal["retry", "retry_in_doubt", "cancel"], ...] = ()  # over the API; staff may do all

    @property
    def in_batches(self) -> bool:
        """Whether new jobs are carried out many at a time (jobs.batch): all they touch can be rolled back."""
        return self.external is None and not self.from_message

    @property
    def soft_time_limit(self) -> int:
        """When the handler is interrupted by an exception, before the process is killed at time_limit."""
        return max(1, self.time_limit * 4 // 5)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.time_limit + self.lease_margin)

    def wait_after(self, attempt: int) -> timedelta:
        """Full jitter: whoever failed together does not come back together."""
        return timedelta(seconds=uniform(0, min(self.backoff_limit, self.backoff * 2 ** min(attempt - 1, 30))))  # noqa: S311


_kinds: dict[str, Kind] = {}


def handler(name: str, **options: Any) -> Callable[[Finish], Finish]:
    """Register the decorated `finish(job, outcome) -> result` as the handler of a kind.

    `finish` runs inside the transaction that marks the job succeeded: what it does to the database happens exactly
    once. It makes no network calls. `outcome` is what `external(job)` returned, or None; `result` is JSON.

    Options are the fields of Kind. `external` runs outside any transaction and may run more than once, so it passes a
    dedupe key derived from `job.job_id`. `in_doubt="park"` is for external effects that may not be repeated: when it is
    unknown whether one happened, the job waits for people in needs_review. `from_message=True` lets a message alone
    create the job; such a kind needs no payload. `owner_may=("retry", "cancel")` lets the owner of a job do so;
    "retry_in_doubt" is to retry one that waits in needs_review.
    """

    def register(finish: Finish) -> Finish:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a kind: it must match {NAME.pattern}.")
        if name in _kinds:
            raise ValueError(f"The kind {name} has a handler already.")
        _kinds[name] = Kind(name, finish, **options)
        return finish

    return register


def get_kind(name: str) -> Kind:
    """Raises UnknownKind."""
    try:
        return _kinds[name]
    except KeyError:
        raise UnknownKind(name) from None


def kind_for_job(job_id: str) -> Kind:
    """The kind of a job by its id. Raises UnknownKind, also for a tick of a schedule that is not known here."""
    name, _, key = job_id.partition(":")
    if name == "cron" and key.partition(":")[0] not in schedules:
        raise UnknownKind(job_id)
    return get_kind(name)


def find_kind(job_id: str) -> Kind | None:
    """As kind_for_job(). None for a kind that only a newer release knows: its workers carry out the job."""
    try:
        return kind_for_job(job_id)
    except UnknownKind:
        return None


def kinds() -> list[Kind]:
    return sorted(_kinds.values(), key=lambda kind: kind.name)


@dataclass(frozen=True)
class Schedule:
    """Ticks at every multiple of `every` since 1970 in UTC, plus `offset`: a day and three hours make it 03:00 UTC."""

    work: Work
    every: timedelta
    offset: timedelta

    def latest_tick(self, now: datetime) -> datetime:
        return EPOCH + self.offset + (now - EPOCH - self.offset) // self.every * self.every


schedules: dict[str, Schedule] = {}


def recurring(name: str, *, every: timedelta, offset: timedelta = timedelta()) -> Callable[[Work], Work]:
    """Run the decorated `work(job) -> result` for each tick.

    It runs outside any transaction, as the external part of a job: it makes its own, small ones, may run again for the
    same tick, and calls jobs.services.heartbeat if it takes long. What must happen exactly once, it enqueues.
    """

    def register(work: Work) -> Work:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a schedule: it must match {NAME.pattern}.")
        if name in schedules:
            raise ValueError(f"{name} recurs already.")
        schedules[name] = Schedule(work, every, offset)
        return work

    return register
