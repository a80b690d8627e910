from datetime import UTC, datetime, timedelta

import pytest
from django.core.checks import run_checks
from django.utils import timezone
from django_celery_results.models import TaskResult

from jobs import engine, running
from jobs.models import Job, KnownSchedule, State
from jobs.recurring import enqueue_due
from jobs.registry import Schedule, get_kind, schedules
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


@pytest.mark.parametrize(
    ("cron", "now", "tick"),
    [
        ("0 9 * * 1-5", "2026-11-27T08:00:00", "2026-11-27T08:00:00"),  # a Friday, in Vienna 09:00
        ("0 9 * * 1-5", "2026-11-27T07:59:59", "2026-11-26T08:00:00"),
        ("0 9 * * 1-5", "2026-11-29T12:00:00", "2026-11-27T08:00:00"),
        ("30 2 * * *", "2026-03-29T12:00:00", "2026-03-29T01:00:00"),  # clocks went from 02:00 to 03:00
        ("30 2 * * *", "2026-10-25T12:00:00", "2026-10-25T00:30:00"),  # 02:30 came twice
    ],
)
def test_a_cron_expression_ticks_by_the_clock_of_its_time_zone(cron, now, tick):
    moment, expected = (datetime.fromisoformat(f"{text}+00:00") for text in (now, tick))

    assert Schedule(print, cron=cron, timezone="Europe/Vienna").latest_tick(moment) == expected


@pytest.mark.parametrize(
    "when",
    [{}, {"cron": "never"}, {"cron": "61 * * * *"}, {"cron": "0 9 * * *", "timezone": "Europe/Wien"},
        {"every": timedelta()}, {"every": timedelta(days=1), "cron": "0 9 * * *"}],
)  # fmt: skip
def test_what_is_no_schedule_is_refused(when):
    with pytest.raises(ValueError, match=r"not a schedule|either"):
        Schedule(print, **when)


@pytest.fixture
def known_long(db):
    """All schedules were seen a month ago."""
    enqueue_due()
    Job.objects.all().delete()
    KnownSchedule.objects.update(since=days_ago(30))


def test_each_tick_is_one_job_however_many_schedulers_see_it(known_long):
    for _ in range(3):
        enqueue_due()
    job = Job.objects.get(pk__startswith="cron:prune_jobs:")

    assert Job.objects.count() == len(schedules)
    assert (job.kind, job.payload) == ("cron", {"name": "prune_jobs"})
    assert datetime.fromisoformat(job.pk.removeprefix("cron:prune_jobs:")) <= datetime.now(UTC)


def test_a_new_or_moved_schedule_makes_up_for_no_tick_of_before(known_long, monkeypatch):
    monkeypatch.setitem(schedules, "new", Schedule(print, every=timedelta(hours=1)))
    monkeypatch.setitem(schedules, "prune_jobs", Schedule(print, every=timedelta(hours=1)))
    enqueue_due()
    assert not Job.objects.filter(payload__name__in=("new", "prune_jobs")).exists()

    KnownSchedule.objects.update(since=days_ago(1))
    enqueue_due()
    assert Job.objects.filter(payload__name__in=("new", "prune_jobs")).count() == 2


def test_two_releases_with_different_schedules_lose_no_tick(known_long, monkeypatch):
    here, there = schedules["prune_jobs"], Schedule(print, every=timedelta(minutes=3))
    for schedule in (here, there, here, there):
        monkeypatch.setitem(schedules, "prune_jobs", schedule)
        enqueue_due()
        KnownSchedule.objects.filter(definition=there.definition).update(since=days_ago(1))

    ticks = {f"cron:prune_jobs:{one.latest_tick(timezone.now()):%Y-%m-%dT%H:%M:%SZ}" for one in (here, there)}
    assert set(Job.objects.filter(payload__name="prune_jobs").values_list("pk", flat=True)) == ticks


@pytest.mark.parametrize(("overlap", "ticks"), [(True, 2), (False, 1)])
def test_a_tick_waits_for_the_one_before_it_when_they_may_not_overlap(known_long, monkeypatch, overlap, ticks):
    JobFactory(job_id="cron:mine:2026-11-21T03:00:00Z", kind="cron", state=State.RUNNING, payload={"name": "mine"})
    monkeypatch.setitem(schedules, "mine", Schedule(print, every=timedelta(minutes=1), overlap=overlap))
    enqueue_due()
    KnownSchedule.objects.update(since=days_ago(1))
    enqueue_due()

    assert Job.objects.filter(payload__name="mine").count() == ticks


def run_tick(name):
    enqueue_due()
    KnownSchedule.objects.update(since=days_ago(30))
    enqueue_due()
    job = Job.objects.get(pk__startswith=f"cron:{name}:")
    assert engine.run(job.pk) == "succeeded"
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
def test_old_celery_results_are_pruned():
    TaskResult.objects.create(task_id="old")
    TaskResult.objects.update(date_done=days_ago(91))

    assert run_tick("prune_celery_results") == {"pruned": 1}


def test_a_tick_of_a_schedule_that_is_not_known_here_is_left_alone(db):
    JobFactory(job_id="cron:from_the_future:2026-11-21T03:00:00Z", kind="cron", payload={"name": "from_the_future"})

    assert engine.run(Job.objects.get().pk) == ""
    assert Job.objects.get().attempt == 0


@pytest.mark.django_db(transaction=True)
def test_a_tick_of_a_schedule_that_only_the_next_release_knows_waits_for_its_worker(monkeypatch):
    """New jobs are claimed by their kind, which both releases know."""
    JobFactory(job_id="cron:newer:2026-11-21T03:00:00Z", kind="cron", payload={"name": "newer"})
    engine.carry_out_new([get_kind("cron")], more=lambda: None)
    job = Job.objects.get()

    assert (job.state, job.attempts.get().outcome) == (State.QUEUED, "snoozed")
    assert job.max_attempts - job.attempt == 5
    monkeypatch.setitem(schedules, "newer", Schedule(lambda job: "done", every=timedelta(days=1)))
    Job.objects.update(run_at=days_ago(1))
    assert engine.run(job.pk) == "succeeded"


def test_a_retention_shorter_than_two_periods_of_a_schedule_is_refused(monkeypatch):
    monkeypatch.setitem(schedules, "yearly", Schedule(print, cron="0 0 1 1 *"))

    assert [error.id for error in run_checks() if not error.is_silenced()] == ["jobs.E001"]
