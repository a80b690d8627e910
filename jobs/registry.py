"""The kinds of job, the handler of each, and the schedules of recurring work."""

import inspect
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import uniform
from typing import Any, Literal, get_args
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

from jobs.models import Job
from taskhub.environment import QUEUES

External = Callable[[Job], Any]
Work = Callable[[Job], Any]
Finish = Callable[..., Any]
NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LEASE_MARGIN = 10  # seconds by which a lease exceeds the time limit, for the last commit of an attempt
Control = Literal["retry", "retry_in_doubt", "cancel"]


class PermanentError(Exception):
    """Raised by a handler when no further attempt can help. The job fails at once."""


class NotDone(Exception):
    """Raised by the external part of an `in_doubt="park"` kind when its effect surely did not happen: try again."""


class Snooze(Exception):
    """Raised by a handler: try again after so many seconds, such as another service's `Retry-After`. Costs no attempt.

    Later than `Kind.snooze_limit` after the first attempt, it is an error like any other.
    """

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not before {seconds:g} s")
        self.seconds = seconds


class Cancelled(Exception):
    """Raised by jobs.running.check_cancelled. It ends the job; what was done so far may stay as it is."""


class UnknownKind(LookupError):
    """No handler of this kind is loaded in this process."""


@dataclass(frozen=True)
class Kind:
    """How jobs of one kind are carried out. Times are seconds. Raises ValueError for what cannot work."""

    name: str
    finish: Finish | None = None  # in the transaction that marks the job succeeded
    external: External | None = None  # before it, outside any transaction
    failed: Callable[[Job, str], Any] | None = None  # in the transaction that marks the job failed
    queue: str = "default"
    priority: int = 0  # within its queue; the smallest goes first
    rate: float | None = None  # begun per second, by all workers together
    max_attempts: int = 12
    backoff: float = 20  # before the second attempt; doubles with each further one
    backoff_limit: float = 6 * 3600
    snooze_limit: float = 24 * 3600
    time_limit: float = 50  # of one attempt; the process is then killed
    lease: float | None = (
        None  # how long nobody else may try; may be shorter than the time limit for kinds that heartbeat
    )
    in_doubt: Literal["retry", "park"] = "retry"
    owner_may: tuple[Control, ...] = ()  # over the API; staff may do all

    def __post_init__(self) -> None:
        amounts = (self.rate, self.backoff, self.backoff_limit, self.snooze_limit, self.time_limit, self.lease)
        for why, is_so in (
            (f"its name must match {NAME.pattern}", not NAME.fullmatch(self.name)),
            ("it does nothing", self.finish is None and self.external is None),
            (f"its queue must be one of {', '.join(QUEUES)}", self.queue not in QUEUES),
            ("in_doubt must be 'retry' or 'park'", self.in_doubt not in ("retry", "park")),
            ("only an external part can be in doubt", self.in_doubt == "park" and self.external is None),
            (
                "owner_may may only name retry, cancel and retry_in_doubt",
                bool({*self.owner_may} - {*get_args(Control)}),
            ),
            ("max_attempts must be at least 1", self.max_attempts < 1),
            ("a time or rate must be more than 0", any(one is not None and one <= 0 for one in amounts)),
        ):
            if is_so:
                raise ValueError(f"The kind {self.name!r} cannot work: {why}.")
        for part in (self.finish, self.external, self.failed):
            refuse_asynchronous(part)

    @property
    def lease_seconds(self) -> float:
        return self.lease or self.time_limit + LEASE_MARGIN

    @property
    def soft_time_limit(self) -> float:
        """After how long the handler is interrupted by an exception; at time_limit its process is killed."""
        return self.time_limit * 0.8

    @property
    def silence_limit(self) -> float:
        """After how long without a heartbeat the process is killed: before its lease ends."""
        return min(self.time_limit, self.lease_seconds * 0.9)

    def wait_after(self, job: Job) -> timedelta:
        """The wait before the next attempt; half of it is random, so that jobs that failed together are spread out.

        It grows with the attempts made since a person last retried the job.
        """
        spent = min(job.attempt, self.max_attempts - (job.max_attempts - job.attempt))
        most = min(self.backoff_limit, self.backoff * 2 ** max(0, min(spent - 1, 30)))
        return timedelta(seconds=uniform(most / 2, most))  # noqa: S311 - no secret


def refuse_asynchronous(part: Callable[..., Any] | None) -> None:
    """When called, it would return at once without doing anything. Raises ValueError."""
    called = getattr(part, "__call__", part)  # noqa: B004 - for a callable object, the method that is called
    if any(is_one(one) for is_one in (inspect.iscoroutinefunction, inspect.isgeneratorfunction,
            inspect.isasyncgenfunction) for one in (part, called)):  # fmt: skip
        raise ValueError(f"{part!r} must be a plain function: nothing would run what it returns.")


_kinds: dict[str, Kind] = {}


def handler(name: str, **options: Any) -> Callable[[Finish], Finish]:
    """Register the decorated function as the handler of a kind. Options are the fields of Kind.

    It runs inside the transaction that marks the job succeeded: what it does to the database happens exactly once. It
    must make no network calls. It gets the job, and what `external(job)` returned if there is one; it returns the job's
    result, as JSON or None. Raises ValueError for a kind that cannot work, and TypeError for an unknown option.

    `external` runs before, outside any transaction, and may run again if its process dies: it passes a dedupe key
    derived from `job.job_id`. What it returns is JSON, and is kept: once it has returned, it is not called again.
    """

    def decorate(finish: Finish) -> Finish:
        register(Kind(name, finish=finish, **options))
        return finish

    return decorate


def external_handler(name: str, **options: Any) -> Callable[[External], External]:
    """As handler(), for a kind that only has effects outside the database.

    What the decorated function returns is the job's result.
    """

    def decorate(external: External) -> External:
        register(Kind(name, external=external, **options))
        return external

    return decorate


def register(kind: Kind) -> None:
    if kind.name in _kinds:
        raise ValueError(f"The kind {kind.name} has a handler already.")
    _kinds[kind.name] = kind


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
    """As kind_for_job(). None for a kind that only another release knows: its workers take the job."""
    try:
        return kind_for_job(job_id)
    except UnknownKind:
        return None


def kinds(queue: str | None = None) -> list[Kind]:
    """The kinds of one queue, or all, sorted by name."""
    found = (kind for kind in _kinds.values() if queue in (None, kind.queue))
    return sorted(found, key=lambda kind: kind.name)


@dataclass(frozen=True)
class Schedule:
    """When work recurs: at every multiple of `every` since 1970 in UTC, plus `offset`, or by a cron expression.

    `cron` has five fields, in the wall clock of `timezone`. A time that is skipped when clocks go forward
    becomes the first one after it; of a time that occurs twice, the first counts.
    """

    work: Work
    every: timedelta | None = None
    offset: timedelta = timedelta()
    cron: str = ""
    timezone: str = "UTC"
    overlap: bool = True  # whether a tick begins while an earlier one is under way

    def __post_init__(self) -> None:
        """Raises ValueError for an invalid schedule."""
        if (self.every is None) == (not self.cron):
            raise ValueError("Say either `every` or `cron`.")
        try:
            self.latest_tick(datetime.now(UTC))
        except (CronSimError, ZoneInfoNotFoundError, StopIteration, ZeroDivisionError) as error:
            raise ValueError(f"{self.definition} is not a schedule: {error}") from error

    def latest_tick(self, now: datetime) -> datetime:
        """The latest tick up to now."""
        if self.every is not None:
            return EPOCH + self.offset + (now - EPOCH - self.offset) // self.every * self.every
        local = now.astimezone(ZoneInfo(self.timezone)) + timedelta(seconds=1)
        return next(CronSim(self.cron, local, reverse=True)).astimezone(UTC)

    @property
    def definition(self) -> str:
        return f"cron {self.cron} in {self.timezone}" if self.cron else f"every {self.every} plus {self.offset}"

    @property
    def period(self) -> timedelta:
        """About the time between two ticks."""
        if self.every is not None:
            return self.every
        last = self.latest_tick(datetime.now(UTC))
        return last - self.latest_tick(last - timedelta(minutes=1))


schedules: dict[str, Schedule] = {}


def recurring(name: str, **when: Any) -> Callable[[Work], Work]:
    """Run the decorated `work(job) -> result` for each tick. `when` are the fields of Schedule.

    The first tick is the first one after a scheduler has seen this schedule. Of ticks that were missed, only the latest
    is made up for.

    The work runs outside any transaction, as the external part of a job: it opens its own, small ones, may run again
    for the same tick, and calls jobs.running.heartbeat if it takes long. What must happen exactly once, it enqueues.
    Raises ValueError for an invalid schedule.
    """

    def register(work: Work) -> Work:
        refuse_asynchronous(work)
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} cannot name a schedule: it must match {NAME.pattern}.")
        if name in schedules:
            raise ValueError(f"{name} recurs already.")
        schedules[name] = Schedule(work, **when)
        return work

    return register
