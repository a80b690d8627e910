from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from django_celery_results.models import TaskResult
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from jobs import protocol, running
from jobs.models import Job, State
from jobs.recurring import enqueue_due
from jobs.registry import Schedule, schedules
from jobs.tests.factories import JobFactory


@pytest.mark.parametrize(
    ("every", "offset", "now", "tick"),
    [
        (timedelta(seconds=10), timedelta(), "12:00:19", "12:00:10"),
        (timedelta(hours=1), timedelta(minutes=7), "12:06:59", "11:07:00"),
        (timedelta(hours=1), timedelta(minutes=7), "12:07:00", "12:07:00"),
        (timedelta(days=1), timedelta(hours=3), "12:00:00", "03:00:00"),
    ],
)
def test_the_latest_tick_is_the_last_multiple_in_utc(every, offset, now, tick):
    moment = datetime.fromisoformat(f"2026-11-21T{now}+00:00")

    assert Schedule(print, every, offset).latest_tick(moment) == datetime.fromisoformat(f"2026-11-21T{tick}+00:00")


def test_each_tick_is_one_job_however_many_schedulers_see_it(db):
    for _ in range(3):
        enqueue_due()
    job = Job.objects.get(pk__startswith="cron:prune_jobs:")

    assert Job.objects.count() == len(schedules)
    assert (job.kind, job.payload) == ("cron", {"name": "prune_jobs"})
    assert datetime.fromisoformat(job.pk.removeprefix("cron:prune_jobs:")) <= datetime.now(UTC)


def run_tick(name):
    enqueue_due()
    job = Job.objects.get(pk__startswith=f"cron:{name}:")
    assert protocol.run(job.pk) == "succeeded"
    job.refresh_from_db()
    return job.result


def days_ago(days):
    return timezone.now() - timedelta(days=days)


@pytest.mark.django_db(transaction=True)
def test_finished_jobs_are_pruned_when_their_time_is_over(monkeypatch):
    monkeypatch.setattr(running, "BATCH", 2)
    JobFactory.create_batch(5, state=State.SUCCEEDED, finished_at=days_ago(31))
    JobFactory(state=State.FAILED, finished_at=days_ago(91))
    kept = [
        JobFactory(state=State.SUCCEEDED, finished_at=days_ago(29)),
        JobFactory(state=State.FAILED, finished_at=days_ago(31)),
        JobFactory(state=State.QUEUED, created_at=days_ago(400)),
        JobFactory(state=State.NEEDS_REVIEW, finished_at=days_ago(400)),
    ]

    assert run_tick("prune_jobs") == {"pruned": 6}
    assert set(Job.objects.exclude(kind="cron")) == set(kept)


@pytest.mark.django_db(transaction=True)
def test_expired_tokens_and_old_celery_results_are_pruned():
    OutstandingToken.objects.create(jti="old", expires_at=days_ago(1))
    OutstandingToken.objects.create(jti="new", expires_at=days_ago(-1))
    TaskResult.objects.create(task_id="old")
    TaskResult.objects.update(date_done=days_ago(91))

    assert run_tick("prune_tokens") == run_tick("prune_celery_results") == {"pruned": 1}
    assert OutstandingToken.objects.get().jti == "new"


def test_a_tick_of_a_schedule_that_is_not_known_here_is_left_alone(db):
    JobFactory(job_id="cron:from_the_future:2026-11-21T03:00:00Z", kind="cron", payload={"name": "from_the_future"})

    assert protocol.run(Job.objects.get().pk) == "unknown kind"
    assert Job.objects.get().attempt == 0


def test_a_retention_shorter_than_messages_live_is_refused(monkeypatch):
    monkeypatch.setattr("jobs.checks.MESSAGE_EXPIRES", 20 * 24 * 3600)

    assert [error.id for error in run_checks() if not error.is_silenced()] == ["jobs.E001"]
