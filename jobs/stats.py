"""How much background work there is, how late it is, and who is at it. For people on call, and their programs."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, Count, DurationField, ExpressionWrapper, Q, QuerySet
from django.db.models.functions import Coalesce, Now
from psycopg.errors import QueryCanceled

from jobs.models import FINAL, UNFINISHED, Job, JobQuerySet, State
from taskhub.postgresql.errors import is_caused_by
from taskhub.postgresql.estimates import planned_rows

PATIENCE = 2000  # milliseconds that each question may take: most read all unfinished jobs, or all that are finished
MOST_RUNNING = 100  # shown one by one
# Its worker is said to be at it, or it was, and left the job to be carried out alone
IN_BATCH = Q(state=State.QUEUED, attempt=0) & ~Q(worker="")
RUNNING = ("job_id", "attempt", "worker", "started_at", "lease_until", "cancel_requested_at", "in_batch", "silent")
# Its worker has not been heard of for a whole lease: the next claim takes over
SILENT = Q(lease_until__isnull=False, lease_until__lt=Now())
ENDED = (State.SUCCEEDED, State.FAILED)


def stats(patience: int | None = None) -> dict[str, Any]:
    """Everything by the database's clock.

    What reads finished jobs may take `patience` milliseconds (default: PATIENCE). A state in `estimated` took longer to
    count, and so did the last hour if it says so: these numbers are the planner's. `running` is None, for unknown, when
    to look took longer than PATIENCE.
    """
    unfinished, guessed = count(Job.objects.all(), UNFINISHED, PATIENCE)
    final, guessed_final = count(Job.objects.all(), FINAL, patience or PATIENCE)
    ended = Job.objects.filter(finished_at__gt=Now() - timedelta(hours=1))
    last_hour, guessed_hour = count(ended, ENDED, patience or PATIENCE)
    return {
        "states": unfinished | final,
        "estimated": [*(UNFINISHED if guessed else ()), *(FINAL if guessed_final else ())],
        "oldest_due": oldest_due(),
        "last_hour": {**last_hour, "estimated": guessed_hour},
        "running": running(),
    }


def count(jobs: JobQuerySet, states: Iterable[State], patience: int) -> tuple[dict[str, int], bool]:
    """The number of jobs in each of the states, and whether it is an estimate, because to count took too long."""
    numbers = within(patience, jobs.filter(state__in=states).order_by().values_list("state").annotate(Count("pk")))
    if numbers is None:
        return {state.value: planned_rows(jobs.filter(state=state)) for state in states}, True
    return {state.value: 0 for state in states} | dict(numbers), False


def within(patience: int, rows: QuerySet[Any, Any]) -> list[Any] | None:
    """The rows, or None if PostgreSQL needs longer than so many milliseconds."""
    try:
        with transaction.atomic(), statement_timeout(patience):
            return list(rows)
    except OperationalError as error:
        if not is_caused_by(error, QueryCanceled):
            raise
    return None


@contextmanager
def statement_timeout(milliseconds: int) -> Iterator[None]:
    """Until the end of the block, or of its transaction, which a statement that takes longer spoils."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


def oldest_due() -> dict[str, Any] | None:
    """The job that waits longest for a worker, or for another one: a few seconds are normal.

    Not deliver_at decides, which moves on with each announcement. But when to look takes too long, among millions, it
    is the job whose announcement was due first, which has waited no longer.
    """
    due_at = Coalesce("lease_until", "run_at")
    late = ExpressionWrapper(Now() - due_at, output_field=DurationField())
    jobs = Job.objects.claimable()
    found = within(PATIENCE, jobs.order_by(due_at).values_list("job_id", due_at, late)[:1])
    if found is None:
        found = within(PATIENCE, jobs.due().order_by("deliver_at").values_list("job_id", due_at, late)[:1])
    if not found:
        return None
    ((job_id, at, by),) = found
    return {"job_id": job_id, "due_at": at, "late_seconds": round(by.total_seconds(), 3)}


def running() -> list[dict[str, Any]] | None:
    """Who holds what, those first that do so longest. A job in a batch has no attempt of its own, and no lease."""
    held = Job.objects.filter(Q(state=State.RUNNING) | IN_BATCH)
    told = {
        name: ExpressionWrapper(what, BooleanField()) for name, what in (("in_batch", IN_BATCH), ("silent", SILENT))
    }
    return within(PATIENCE, held.annotate(**told).order_by("started_at").values(*RUNNING)[:MOST_RUNNING])
