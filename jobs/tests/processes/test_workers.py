"""Real Celery workers lose their processes, their messages and their database."""

import os
import signal
from pathlib import Path

import pytest
import redis
from celery import Celery

from devstack.service import wait_until
from jobs.tests.processes.laboratory import frozen

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
        job_id = lab.enqueue("steady", grace=600)  # far beyond any sweep that is still on its way
        wait_until(lambda: lab.finished(job_id), seconds=10)

    assert lab.effects(job_id) == (1, 1)


def test_when_redis_is_emptied_queued_jobs_run_all_the_same(works, lab):
    with frozen(works.worker.pid), redis.Redis.from_url(works.valkey.url) as broker:
        jobs = lab.enqueue_all([("steady", {})] * 20, grace=1)
        assert broker.llen("jobs") >= 19  # it had asked for one already
        broker.flushall()
    wait_until(lambda: all(map(lab.finished, jobs)))

    assert [lab.effects(job_id) for job_id in jobs] == [(1, 1)] * 20


def test_after_redis_was_emptied_new_jobs_are_announced_as_before(works, lab):
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


def test_a_sweep_beside_celery_outlives_a_restart_of_the_database(works, lab):
    sweep = works.start("manage.py", "jobs_sweep", "--every", "0.1")
    works.postgres.stop()
    wait_until(lambda: "\nPostgreSQL: " in works.log.read_text())
    before = works.log.read_text().count("due jobs")
    works.postgres.start()
    lab.reconnect()
    wait_until(lambda: works.log.read_text().count("due jobs") > before)
    sweep.terminate()

    assert sweep.wait() == -signal.SIGTERM
