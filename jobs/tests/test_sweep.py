"""Announcing again what nobody came for. Messages go to the real Redis of the tests, and are read from there."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
import redis
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from django.utils import timezone

from jobs import protocol, registry, wakeups
from jobs.models import Job, State
from jobs.registry import Kind
from jobs.services import enqueue
from jobs.sweep import sweep
from jobs.tests.factories import JobFactory

PAST = timezone.now() - timedelta(minutes=5)
IN_BATCHES = Kind("welcome_email", finish=lambda job, outcome: None)


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
    for _ in range(6):
        sweep()
        waits.append(round((Job.objects.get().deliver_at - timezone.now()).total_seconds()))
        Job.objects.update(deliver_at=PAST)

    assert waits == pytest.approx([5, 10, 20, 40, 60, 60], abs=2)


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

    assert "job_log_due_idx" in plan
    assert "Sort" not in plan


@pytest.mark.django_db(transaction=True)
def test_the_command_sweeps_once(announced, capsys):
    job = JobFactory(deliver_at=PAST)
    call_command("jobs_sweep")

    assert job.pk in announced()
    assert "due jobs" in capsys.readouterr().out


@pytest.mark.parametrize("every", ["-1", "0", "nan", "inf", "1e9", "soon", ""])
def test_the_command_refuses_a_pause_that_is_none(every):
    with pytest.raises(CommandError, match=r"must be a number of seconds from 0\.1 to 3600"):
        call_command("jobs_sweep", "--every", every)


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

    monkeypatch.setattr(wakeups.app, "send_task", refused)
    rung = [wakeups.wake("welcome_email:1") for _ in range(3)]
    wakeups.breaker.record(success=True)

    assert rung == [False, False, False]
    assert len(asked) == 1


@pytest.fixture
def busy(announced):
    """Workers have enough to do: a message waits, and was sent at this moment. Tells what was announced since."""
    wakeups.wake("welcome_email:oldest")
    return lambda: set(announced()[:-1])


def test_while_its_message_waits_a_job_is_not_announced_again(db, busy, broker):
    job = JobFactory(deliveries=1)
    assert sweep() == (0, 0)

    broker.delete("jobs")
    assert sweep() == (1, 1)
    assert Job.objects.get(pk=job.pk).deliveries == 2


def test_behind_others_a_job_that_has_no_message_is_announced(db, busy):
    tried, left_behind = JobFactory(deliver_at=PAST, attempt=1), JobFactory(deliver_at=PAST, state=State.RUNNING)

    assert sweep() == (2, 2)
    assert busy() == {tried.pk, left_behind.pk}


def test_behind_others_a_job_whose_message_must_have_been_used_up_is_announced_again(db, busy):
    """All that wait were sent after the time at which it should have been announced again."""
    lost, waiting = JobFactory(deliver_at=PAST, deliveries=3), JobFactory(deliveries=1)

    assert sweep() == (1, 1)
    assert busy() == {lost.pk}
    assert Job.objects.get(pk=waiting.pk).deliveries == 1


def test_whoever_claims_a_job_uses_up_its_messages(db):
    job = JobFactory(deliveries=3)
    protocol.claim(job.pk, registry.get_kind("welcome_email"))

    assert Job.objects.get().deliveries == 0


@pytest.mark.parametrize("message", ["{}", "[]", "null", "no JSON", '{"headers": {"expires": null}}'])
def test_a_message_that_tells_no_time_holds_up_no_job(db, broker, message):
    broker.rpush("jobs", message)
    job = JobFactory(deliveries=1)

    assert sweep() == (1, 1)
    assert Job.objects.get(pk=job.pk).deliveries == 2


@pytest.mark.django_db(transaction=True)
def test_the_wake_up_of_a_new_job_counts_as_its_first_announcement_unless_it_is_for_many(announced, monkeypatch):
    with transaction.atomic():
        enqueue("welcome_email", "now")
        enqueue("welcome_email", "later", run_at=timezone.now() + timedelta(hours=1))
        monkeypatch.setitem(registry._kinds, "welcome_email", IN_BATCHES)
        enqueue("welcome_email", "with-others")

    told = dict(Job.objects.values_list("pk", "deliveries"))
    assert told == {"welcome_email:now": 1, "welcome_email:later": 0, "welcome_email:with-others": 0}


def test_one_message_stands_for_all_new_jobs_that_go_in_a_batch(db, announced, monkeypatch):
    monkeypatch.setitem(registry._kinds, "welcome_email", IN_BATCHES)
    first, *_ = JobFactory.create_batch(3, deliver_at=PAST)
    left = JobFactory(deliver_at=PAST + timedelta(minutes=1), worker="of a batch that ended")
    tried = JobFactory(deliver_at=PAST + timedelta(minutes=2), attempt=1)

    assert sweep() == (5, 5)
    assert announced() == [tried.pk, left.pk, first.pk]


def test_no_plan_is_made_without_knowing_the_values(db):
    """Such a generic plan, which PostgreSQL may take from the sixth run on, cannot use an index of unfinished jobs."""
    for _ in range(15):
        JobFactory(deliver_at=PAST)
        sweep()
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*), sum(generic_plans) FROM pg_prepared_statements WHERE statement LIKE '%%NO KEY UPDATE%%'"
        )
        prepared, generic = cursor.fetchone()

    assert prepared > 0
    assert generic == 0


def test_while_redis_is_away_no_announcement_is_counted_and_at_once_when_it_is_back(db, announced, monkeypatch):
    job = JobFactory(deliver_at=PAST)
    wakeups.breaker.record(success=False)
    with monkeypatch.context() as away:
        away.setattr("jobs.sweep.redis_client", lambda: redis.Redis(port=1))
        assert sweep() == (0, 0)

    assert sweep() == (1, 1)
    assert announced() == [job.pk]
    assert Job.objects.get().deliveries == 1


def test_while_redis_takes_no_messages_no_announcement_is_counted(db, broker, monkeypatch):
    """As a replica does, or a server whose memory is full. Here it is a user who may read and not write."""
    JobFactory(deliver_at=PAST)
    broker.acl_setuser("reader", enabled=True, nopass=True, commands=["+@read", "+@connection"], keys=["*"])
    reader = redis.Redis.from_url(re.sub("//.*@", "//reader:any@", settings.REDIS_URL))
    monkeypatch.setattr("jobs.sweep.redis_client", lambda: reader)
    assert sweep() == (0, 0)
    reader.close()
    broker.acl_deluser("reader")

    assert Job.objects.get().deliveries == 0
