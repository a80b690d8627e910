"""Real Celery workers lose their processes, their messages and their database."""

import os
import signal
from pathlib import Path

import pytest
import redis
from celery import Celery

from devstack.service import wait_until
from jobs.tests.processes.laboratory import fill_disk, free_disk, frozen

pytestmark = pytest.mark.usefixtures("awake")


@pytest.fixture
def lab(works):
    return works.lab


def test_a_job_runs_after_the_commit(lab):
    job_id = lab.enqueue("steady")
    wait_until(lambda: lab.finished(job_id), seconds=2)

    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 1))


def test_whoever_reaches_redis_gets_no_settings_from_a_worker(works):
    """Only a real worker shows it. The second it takes is the time in which a worker would answer."""
    with Celery(broker=works.valkey.url) as intruder:
        assert intruder.control.inspect(timeout=1).conf() is None


def test_a_job_whose_process_is_killed_is_done_by_another(lab):
    job_id = lab.enqueue("patient")
    wait_until(lambda: lab.effects(job_id) == (0, 1))
    os.kill(int(lab.job(job_id).worker.rpartition(":")[2]), signal.SIGKILL)
    wait_until(lambda: lab.finished(job_id))

    assert (lab.attempts(job_id), lab.effects(job_id)) == (["worker_lost", "succeeded"], (1, 2))


def test_a_process_that_has_grown_large_is_replaced(lab):
    job_id = lab.enqueue("growing")
    wait_until(lambda: lab.finished(job_id))
    pid = lab.job(job_id).worker.rpartition(":")[2]
    wait_until(lambda: not Path("/proc", pid).exists())

    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 0))


@pytest.mark.parametrize(("kind", "outcome"), [("endless", "time_limit"), ("stubborn", "worker_lost")])
def test_a_handler_that_takes_too_long_is_interrupted_and_then_killed(lab, kind, outcome):
    job_id = lab.enqueue(kind)
    wait_until(lambda: lab.finished(job_id))

    assert (lab.job(job_id).state, lab.attempts(job_id), lab.effects(job_id)) == ("failed", [outcome], (0, 0))


def test_without_a_scheduler_new_jobs_run_all_the_same(works, lab):
    with frozen(works.scheduler.pid):
        job_id = lab.enqueue("steady")
        wait_until(lambda: lab.finished(job_id), seconds=10)

    assert lab.effects(job_id) == (1, 1)


def test_when_redis_is_emptied_queued_jobs_run_all_the_same(works, lab):
    with frozen(works.worker.pid), redis.Redis.from_url(works.valkey.url) as broker:
        jobs = lab.enqueue_all([("steady", {})] * 20)
        broker.flushall()
    wait_until(lambda: all(map(lab.finished, jobs)))

    assert [lab.effects(job_id) for job_id in jobs] == [(1, 1)] * 20


def test_many_jobs_are_one_message(works, lab):
    with frozen(works.worker.pid), redis.Redis.from_url(works.valkey.url) as broker:
        before = broker.llen("default")
        for _ in range(3):
            jobs = lab.enqueue_all([("steady", {})] * 5)
        messages = broker.llen("default") - before
    wait_until(lambda: all(map(lab.finished, jobs)))

    assert messages <= 2  # one that a waiting worker had asked for already, and one


POISON = (
    b"",
    b"\xff",
    b"no JSON",
    b"[]",
    b"null",
    b"{}",
    b'{"properties": {}}',
    b'{"headers": 1, "properties": 2, "body": 3}',
)


def altered(broker, **headers):
    """A message as Celery sends it, but for some headers."""
    app = Celery(broker=broker)
    app.send_task("jobs.work", args=["default"], queue="default", headers=headers)


def test_no_message_however_malformed_ends_a_worker_or_stops_a_job(works, lab):
    with redis.Redis.from_url(works.valkey.url) as broker:
        for poison in POISON:
            broker.lpush("default", poison)
        for headers in (
            {"timelimit": ["a", "b"]},
            {"timelimit": [0.01, 0.01]},
            {"expires": "never"},
            {"eta": 1},
            {"id": None},
        ):
            altered(works.valkey.url, **headers)
        job_id = lab.enqueue("steady")
        wait_until(lambda: lab.finished(job_id))
        wait_until(lambda: not broker.llen("default"))

    assert works.worker.poll() is None
    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 1))


def test_jobs_that_take_long_do_not_keep_those_of_another_queue_waiting(lab):
    slow = [lab.enqueue("asleep") for _ in range(2)]  # one for each process of their queue
    wait_until(lambda: all(lab.job(job_id).state == "running" for job_id in slow))
    quick = lab.enqueue("in_the_mail")
    wait_until(lambda: lab.finished(quick), seconds=5)

    assert not any(map(lab.finished, slow))
    wait_until(lambda: all(map(lab.finished, slow)))


def test_while_the_disk_of_redis_is_full_the_worker_waits_and_then_does_all_that_was_enqueued(works, lab):
    """A server that refuses every BRPOP is one that only a real worker meets. Celery waits 2 s after its first try."""
    fill_disk(works.valkey)
    jobs = lab.enqueue_all([("steady", {})] * 5)
    wait_until(lambda: "MISCONF" in (works.home / "worker.log").read_text())
    free_disk(works.valkey)
    wait_until(lambda: all(map(lab.finished, jobs)), seconds=60)

    assert works.worker.poll() is None
    assert [lab.effects(job_id) for job_id in jobs] == [(1, 1)] * 5


def test_after_redis_was_emptied_new_jobs_wake_workers_as_before(works, lab):
    """Celery's own bookkeeping is gone with the rest. Where a wake-up is lost, the sweep comes after 5 s."""
    with works.signed_up("before"), redis.Redis.from_url(works.valkey.url) as broker:
        broker.flushall()
    with works.signed_up("after") as client:
        job_id = f"welcome_email:{client.get('/auth/me').json()['id']}"
        wait_until(lambda: lab.finished(job_id), seconds=4)

    assert lab.job(job_id).result == {"sent": False, "reason": "no_address"}


def test_a_worker_goes_on_after_a_restart_of_the_database(works, lab):
    works.postgres.stop()
    works.postgres.start()
    lab.reconnect()
    job_id = lab.enqueue("steady")
    wait_until(lambda: lab.finished(job_id))

    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 1))
    assert works.worker.poll() is None


def test_the_scheduler_outlives_a_restart_of_the_database(works, lab):
    log = works.home / "scheduler.log"
    works.postgres.stop()
    wait_until(lambda: "PostgreSQL: " in log.read_text())
    works.postgres.start()
    lab.reconnect()
    job_id = lab.enqueue("steady")
    with redis.Redis.from_url(works.valkey.url) as broker:
        broker.flushall()
    wait_until(lambda: lab.finished(job_id))

    assert works.scheduler.poll() is None
