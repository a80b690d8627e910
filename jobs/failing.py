"""What happens to a job whose attempt did not succeed: it is retried, failed, cancelled, or left for review."""

import logging
import re
from datetime import timedelta
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import transaction
from django.db.models import F, Min
from django.db.models.functions import Now
from django.utils import timezone

from jobs import claims
from jobs.failpoints import failpoint
from jobs.models import LONGEST_ERROR, Job, Outcome, State
from jobs.registry import Cancelled, Kind, PermanentError, Snooze

log = logging.getLogger("jobs")
PASSWORD_IN_URL = re.compile(r"//[^/@\s]*@")


def fail(job: Job, kind: Kind, error: BaseException) -> str:
    """Record why, and when to try again, if at all. What the attempt did to the database has been rolled back."""
    outcome, said = outcome_of(job, kind, error), describe(error)
    failpoint("fail.before")
    with transaction.atomic():
        state, again = following(job, kind, outcome, error)
        if not leave(job, state, again, outcome, said):
            return "lease lost"
        claims.record_attempt(job, outcome, said)
        if state == State.FAILED:
            claims.fail_with(job, kind, said)
        failpoint("fail.before_commit")
    log_failure(job, error, outcome, state, again)
    return outcome


def outcome_of(job: Job, kind: Kind, error: BaseException) -> Outcome:
    if isinstance(error, Cancelled) and job.cancel_requested_at:
        return Outcome.CANCELLED
    if job.in_doubt_since:
        return Outcome.IN_DOUBT
    if isinstance(error, PermanentError):
        return Outcome.PERMANENT_ERROR
    if isinstance(error, Snooze) and may_snooze(job, kind):
        return Outcome.SNOOZED
    return Outcome.TIME_LIMIT if isinstance(error, SoftTimeLimitExceeded) else Outcome.ERROR


def may_snooze(job: Job, kind: Kind) -> bool:
    """Whether the first attempt is recent enough for another snooze."""
    first = job.attempts.aggregate(first=Min("started_at"))["first"]
    limit = timedelta(seconds=kind.snooze_limit)
    return first is None or Job.objects.filter(pk=job.pk, started_at__lt=first + limit).exists()


def following(job: Job, kind: Kind, outcome: Outcome, error: BaseException) -> tuple[State, timedelta | None]:
    """The state that follows an attempt with this outcome, and the wait before the next one, if any."""
    if outcome == Outcome.CANCELLED:
        return State.CANCELLED, None
    if outcome == Outcome.IN_DOUBT:
        return State.NEEDS_REVIEW, None
    if isinstance(error, Snooze) and outcome == Outcome.SNOOZED:
        return State.QUEUED, timedelta(seconds=min(max(1.0, error.seconds), kind.snooze_limit))
    if outcome == Outcome.PERMANENT_ERROR or job.attempt >= job.max_attempts:
        return State.FAILED, None
    return State.QUEUED, kind.wait_after(job)


def leave(job: Job, state: State, again: timedelta | None, outcome: Outcome, said: str) -> int:
    """Returns 0 if the lease is lost. A job with a cancel request is cancelled instead of retried."""
    rows = Job.objects.held(job)
    written: dict[str, Any] = {"error_code": outcome, "error": said}
    if outcome in (Outcome.CANCELLED, Outcome.SNOOZED):
        written = {}
    if outcome != Outcome.IN_DOUBT:
        written["in_doubt_since"] = None
    if again is None:
        return rows.move(State.RUNNING, state, **written)
    if outcome == Outcome.SNOOZED:
        written["max_attempts"] = F("max_attempts") + 1
    wanted = rows.filter(cancel_requested_at=None)
    return wanted.move(State.RUNNING, state, run_at=Now() + again, **written) or rows.move(
        State.RUNNING, State.CANCELLED, **written
    )


def log_failure(job: Job, error: BaseException, outcome: Outcome, state: State, again: timedelta | None) -> None:
    """One line for each attempt; the traceback only for the last one, or at debug level."""
    if outcome in (Outcome.CANCELLED, Outcome.SNOOZED):
        log.info("%s: %s", job.pk, outcome)
        return
    said = describe(error).partition("\n")[0]
    then = f", again at {timezone.now() + again:%H:%M:%S}" if again else f", {state}"
    count = f"attempt {job.attempt} of {job.max_attempts}{then}"
    told = error if again is None or log.isEnabledFor(logging.DEBUG) else None
    log.warning("%s: %s: %s", job.pk, count, said, exc_info=told)


def describe(error: BaseException) -> str:
    """For staff: the class and message as storable text, without passwords in URLs."""
    try:
        said = f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - its own __str__ is broken
        said = type(error).__name__
    said = said.encode(errors="backslashreplace").decode().replace("\0", "")
    return PASSWORD_IN_URL.sub("//***@", said)[:LONGEST_ERROR]
