"""Announcing again what nobody came for. Messages go to the real Redis of the tests, and are read from there."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import redis
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from jobs import doorbell, protocol
from jobs.models import Job, State
from jobs.sweep import MOST_WAITING, sweep
from jobs.tests.factories import JobFactory

PAST = timezone.now() - timedelta(minutes=5)


pytestmark = pytest.mark.usefixtures("broker")


@pytest.mark.parametrize("state", [State.QUEUED, State.RUNNING])
def test_an_unfinished_job_that_is_due_is_announced(db, announced, state):
    job = JobFactory(state=state, deliver_at=PAST)

    assert sweep() == (1, 1)
    assert announced() == [job.pk]


@pytest.mark.parametrize("state", [State.SUCCEEDED, State.FAILED, State.CANCELLED, State.NEEDS_REVIEW])
def test_a_finished_job_is_left_alone(db, state):
    JobFactory(state=state, deliver_at=PAST)

    assert sweep() == (0, 0)


def test_a_job_that_is_not_due_is_left_alone(db):
    JobFactory(deliver_at=timezone.now() + timedelta(minutes=5))

    assert sweep() == (0, 0)


def test_a_clock_that_is_a_year_ahead_makes_nothing_due(db, monkeypatch):
    job = JobFactory(deliver_at=timezone.now() + timedelta(minutes=5), run_at=timezone.now() + timedelta(minutes=5))
    ahead = timezone.now() + timedelta(days=365)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)

    assert (sweep(), protocol.run(job.pk)) == ((0, 0), protocol.NOTHING)


def test_it_comes_less_and_less_often_to_a_job_that_nobody_takes(db):
    JobFactory(deliver_at=PAST)
    waits = []
    for _ in range(5):
        sweep()
        waits.append(round((Job.objects.get().deliver_at - timezone.now()).total_seconds()))
        Job.objects.update(deliver_at=PAST)

    assert waits == [10, 20, 40, 60, 60]


def sweep_at_once(starting_line):
    try:
        starting_line.wait(timeout=30)
        return sweep()[0]
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_eight_sweepers_at_once_announce_each_job_once(announced):
    jobs = {job.pk for job in JobFactory.create_batch(40, deliver_at=PAST)}
    starting_line = Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(sweep_at_once, [starting_line] * 8))

    assert sum(found) == 40
    assert sorted(announced()) == sorted(jobs)


def test_the_sweep_reads_its_index(db):
    JobFactory.create_batch(3)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        plan = Job.objects.due().order_by("deliver_at").explain()

    assert "job_log_deliver_at_idx" in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
def test_the_command_sweeps_once(announced, capsys):
    job = JobFactory(deliver_at=PAST)
    call_command("jobs_sweep")

    assert job.pk in announced()
    assert "due jobs" in capsys.readouterr().out


def test_a_job_of_an_unknown_kind_holds_up_no_other(db, announced):
    unknown = JobFactory(job_id="from_the_future:1", deliver_at=PAST - timedelta(minutes=1))
    known = JobFactory(deliver_at=PAST)

    assert sweep() == (2, 2)
    assert set(announced()) == {unknown.pk, known.pk}


def test_a_broker_that_is_away_is_not_asked_again_for_a_while(db, monkeypatch):
    asked = []

    def refused(*args, **kwargs):
        asked.append(args)
        raise ConnectionRefusedError

    monkeypatch.setattr(doorbell.app, "send_task", refused)
    rung = [doorbell.ring("welcome_email:1") for _ in range(3)]
    doorbell.breaker.record(success=True)

    assert rung == [False, False, False]
    assert len(asked) == 1


def test_while_workers_have_enough_to_do_nothing_is_announced_again(db, broker):
    job = JobFactory(deliver_at=PAST)
    broker.rpush("jobs", *["message"] * MOST_WAITING)
    assert sweep() == (0, 0)

    broker.ltrim("jobs", 1, -1)
    assert sweep() == (1, 1)
    assert Job.objects.get(pk=job.pk).deliveries == 1


def test_while_redis_is_away_no_announcement_is_counted_and_at_once_when_it_is_back(db, announced, monkeypatch):
    job = JobFactory(deliver_at=PAST)
    doorbell.breaker.record(success=False)
    with monkeypatch.context() as away:
        away.setattr("jobs.sweep.redis_client", lambda: redis.Redis(port=1))
        assert sweep() == (0, 0)

    assert sweep() == (1, 1)
    assert announced() == [job.pk]
    assert Job.objects.get().deliveries == 1
