"""How much background work there is, how late it is, and who is at it. For people on call, and their programs."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import BooleanField, Count, DurationField, ExpressionWrapper, F, Q
from django.db.models.functions import Now

from jobs.models import FINAL, UNFINISHED, Job, JobQuerySet, State
from taskhub.admin import QUERY_CANCELED, planned_rows
from taskhub.api.errors import sqlstate

PATIENCE = 2000  # milliseconds that counting the finished jobs, which reads the whole table, may take
MOST_RUNNING = 100  # shown one by one
RUNNING = ("job_id", "attempt", "worker", "started_at", "lease_until", "cancel_requested_at", "silent")
# Its worker has not been heard of for a whole lease: the next claim takes over
SILENT = ExpressionWrapper(Q(lease_until__lt=Now()), output_field=BooleanField())


def stats(patience: int | None = None) -> dict[str, Any]:
    """Everything by the database's clock. `estimated` says that the counts of final states are the planner's."""
    final, estimated = count_final(patience or PATIENCE)
    last_hour = count(Job.objects.filter(finished_at__gt=Now() - timedelta(hours=1)))
    running = Job.objects.filter(state=State.RUNNING).annotate(silent=SILENT).order_by("started_at")
    return {
        "states": dict.fromkeys(State.values, 0) | count(Job.objects.filter(state__in=UNFINISHED)) | final,
        "estimated": estimated,
        "oldest_due": oldest_due(),
        "last_hour": {state: last_hour.get(state, 0) for state in ("succeeded", "failed")},
        "running": list(running.values(*RUNNING)[:MOST_RUNNING]),
    }


def count(jobs: JobQuerySet) -> dict[str, int]:
    return dict(jobs.order_by().values_list("state").annotate(Count("pk")))


def count_final(patience: int) -> tuple[dict[str, int], bool]:
    """The number of jobs in each final state, and whether it is an estimate, because to count took too long."""
    try:
        with transaction.atomic(), statement_timeout(patience):
            return count(Job.objects.filter(state__in=FINAL)), False
    except OperationalError as error:
        if sqlstate(error) != QUERY_CANCELED:
            raise
    return {state.value: planned_rows(Job.objects.filter(state=state)) for state in FINAL}, True


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
    """The job that should have been announced the longest time ago: a few seconds late is normal."""
    late = ExpressionWrapper(Now() - F("deliver_at"), output_field=DurationField())
    due = Job.objects.due().order_by("deliver_at").values_list("job_id", "deliver_at", late).first()
    if due is None:
        return None
    return {"job_id": due[0], "deliver_at": due[1], "late_seconds": round(due[2].total_seconds(), 3)}
