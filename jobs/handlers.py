"""This app's kinds: ticks of schedules, and the pruning that keeps tables from growing without end."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet
from django.db.models.functions import Now

from jobs.models import CeleryError, Job, State
from jobs.registry import Snooze, external_handler, recurring, schedules
from jobs.running import prune
from taskhub.api.models import IdempotencyKey

SECONDS_FOR_ANOTHER = 10  # seconds until a worker tries again a tick that this one does not know


@external_handler("cron")
def tick(job: Job) -> Any:
    """Raises Snooze for a schedule that only another release knows, until one of its workers takes the job."""
    schedule = schedules.get(job.payload["name"])
    if schedule is None:
        raise Snooze(SECONDS_FOR_ANOTHER)
    return schedule.work(job)


@recurring("prune_jobs", every=timedelta(minutes=5))
def prune_jobs(job: Job) -> dict[str, int]:
    return {"pruned": prune(job, prunable_jobs())}


def prunable_jobs() -> QuerySet[Job]:
    """Never those in needs_review: they wait for a person, and the row keeps the effect from being repeated."""
    succeeded = Now() - timedelta(days=settings.JOBS_KEEP_SUCCEEDED_DAYS)
    others = Now() - timedelta(days=settings.JOBS_KEEP_OTHERS_DAYS)
    old = Q(state=State.SUCCEEDED, finished_at__lt=succeeded) | Q(
        state__in=(State.FAILED, State.CANCELLED), finished_at__lt=others
    )
    return Job.objects.filter(old).order_by("finished_at")


@recurring("prune_celery_results", every=timedelta(minutes=5), offset=timedelta(minutes=1))
def prune_celery_results(job: Job) -> dict[str, int]:
    old = Now() - timedelta(days=settings.JOBS_KEEP_OTHERS_DAYS)
    return {"pruned": prune(job, CeleryError.objects.filter(date_done__lt=old).order_by("date_done"))}


@recurring("prune_idempotency_keys", every=timedelta(minutes=5), offset=timedelta(minutes=3))
def prune_idempotency_keys(job: Job) -> dict[str, int]:
    return {"pruned": prune(job, old_idempotency_keys())}


def old_idempotency_keys() -> QuerySet[IdempotencyKey]:
    """CONTRACT section 4 promises 24 hours."""
    return IdempotencyKey.objects.filter(created_at__lt=Now() - timedelta(hours=24)).order_by("created_at")
