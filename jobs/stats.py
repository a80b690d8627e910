"""How much background work there is, how late it is, and which workers run it. For people on call and their tools."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django.db.models import BooleanField, Count, DurationField, ExpressionWrapper, F, Min, Q, Sum, Value
from django.db.models.functions import Coalesce, Greatest, Now, TruncHour
from django.utils import timezone

from jobs import claims
from jobs.models import FINAL, UNFINISHED, Job, JobQuerySet, Pause, State
from jobs.registry import kinds
from taskhub.postgresql.estimates import planned_rows, within

QUERY_MILLISECONDS = 2000  # milliseconds that each query may take: most read all unfinished or all finished jobs
MOST_RUNNING = 100  # shown one by one
RUNNING = ("job_id", "attempt", "worker", "started_at", "lease_until", "cancel_requested_at", "silent")
# The worker has been silent for a whole lease: the next claim takes over
SILENT = Q(lease_until__isnull=False, lease_until__lt=Now())
# Seconds from and to; a few are normal
LATE = {"seconds": (5, 60), "minutes": (60, 3600), "hours": (3600, 86_400), "days": (86_400, 10**9)}
ENDED = (State.SUCCEEDED, State.FAILED)


def stats(milliseconds: int | None = None) -> dict[str, Any]:
    """All times are by the database's clock.

    Queries over finished jobs may take so many milliseconds (default: QUERY_MILLISECONDS). States listed in
    `estimated` took longer to count, as did the last hour if it says so: these numbers are the planner's. None means
    that the query took too long.
    """
    unfinished, guessed = count(Job.objects.all(), UNFINISHED, QUERY_MILLISECONDS)
    final, guessed_final = count(Job.objects.all(), FINAL, milliseconds or QUERY_MILLISECONDS)
    ended = Job.objects.filter(finished_at__gt=Now() - timedelta(hours=1))
    last_hour, guessed_hour = count(ended, ENDED, milliseconds or QUERY_MILLISECONDS)
    return {
        "states": unfinished | final,
        "estimated": [*(UNFINISHED if guessed else ()), *(FINAL if guessed_final else ())],
        "oldest_due": oldest_due(),
        "retrying": retrying(),
        "paused": list(Pause.objects.order_by("name").values_list("name", flat=True)),
        "last_hour": {**last_hour, "estimated": guessed_hour},
        "last_day": total(last_day(milliseconds or QUERY_MILLISECONDS)),
        "running": running(),
    }


def count(jobs: JobQuerySet, states: Iterable[State], milliseconds: int) -> tuple[dict[str, int], bool]:
    """The number of jobs in each of the states, and whether it is an estimate because counting took too long."""
    numbers = within(milliseconds, jobs.filter(state__in=states).order_by().values_list("state").annotate(Count("pk")))
    if numbers is None:
        return {state.value: planned_rows(jobs.filter(state=state)) for state in states}, True
    return {state.value: 0 for state in states} | dict(numbers), False


def retrying() -> dict[str, Any] | None:
    """How many jobs wait for another attempt because one failed, and when the next is due; None if the query took too
    long."""
    failed = Job.objects.filter(state=State.QUEUED, attempt__gt=0).exclude(error_code="")
    found = within(QUERY_MILLISECONDS, failed.order_by().values_list(Value(1)).annotate(Count("pk"), Min("run_at")))
    if found is None:
        return None
    _, number, next_at = found[0] if found else (1, 0, None)
    return {"jobs": number, "next_at": next_at}


def last_day(milliseconds: int) -> list[dict[str, Any]] | None:
    """What ended in each of the last 24 hours, oldest first: how many succeeded, how many failed, and how many retries
    they took. None if the query took too long."""
    now = timezone.now().replace(minute=0, second=0, microsecond=0)
    hours = [now - timedelta(hours=ago) for ago in reversed(range(24))]
    ended = Job.objects.filter(finished_at__gte=hours[0]).order_by().values(hour=TruncHour("finished_at"))
    numbers = {state.value: Count("pk", filter=Q(state=state)) for state in ENDED}
    found = within(milliseconds, ended.annotate(**numbers, retries=Sum(Greatest(F("attempt") - 1, 0))))
    if found is None:
        return None
    known = {row["hour"]: row for row in found}
    return [known.get(hour, {"hour": hour, "succeeded": 0, "failed": 0, "retries": 0}) for hour in hours]


def total(hours: list[dict[str, Any]] | None) -> dict[str, int] | None:
    """The sum over all hours."""
    if hours is None:
        return None
    return {name: sum(hour[name] for hour in hours) for name in ("succeeded", "failed", "retries")}


def oldest_due() -> dict[str, Any] | None:
    """The job that has been due longest without a worker; a few seconds are normal.

    Only of kinds that this release knows; None if nothing is due.
    """
    found = claims.oldest_due(kinds())
    if found is None:
        return None
    job_id, at, by = found
    return {"job_id": job_id, "due_at": at, "late_seconds": round(by.total_seconds(), 3)}


def late() -> dict[str, int] | None:
    """How many jobs are unclaimed for how long after they were due, by LATE; None if the query took too long."""
    waited = ExpressionWrapper(Now() - Coalesce("lease_until", "run_at"), output_field=DurationField())
    numbers = {
        name: Count("pk", filter=Q(waited__gte=timedelta(seconds=low), waited__lt=timedelta(seconds=high)))
        for name, (low, high) in LATE.items()
    }
    jobs = Job.objects.claimable().order_by().annotate(waited=waited).values(all=Value(1)).annotate(**numbers)
    found = within(QUERY_MILLISECONDS, jobs.values(*LATE))
    if found is None:
        return None
    numbers_of: dict[str, int] = found[0] if found else dict.fromkeys(LATE, 0)
    return numbers_of


def running() -> list[dict[str, Any]] | None:
    """Which worker runs which job, the longest running first."""
    held = Job.objects.filter(state=State.RUNNING).annotate(silent=ExpressionWrapper(SILENT, BooleanField()))
    return within(QUERY_MILLISECONDS, held.order_by("started_at").values(*RUNNING)[:MOST_RUNNING])
