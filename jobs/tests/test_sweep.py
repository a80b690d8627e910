"""Waking workers for what nobody came for. Messages go to the real Redis of the tests, and are read from there."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta
from threading import Barrier

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.utils import timezone

from jobs import claims, engine, wakeups
from jobs.models import Job, Pause, State, Via
from jobs.registry import get_kind, kinds
from jobs.sweep import sweep
from jobs.tests.factories import JobFactory

PAST = timezone.now() - timedelta(minutes=5)
FUTURE = timezone.now() + timedelta(minutes=5)
pytestmark = pytest.mark.usefixtures("broker")


@pytest.mark.parametrize(
    "due",
    [{}, {"attempt": 2}, {"state": State.RUNNING, "lease_until": PAST}],
    ids=["new", "to be tried again", "left behind"],
)
def test_for_a_job_that_is_due_its_queue_is_woken(db, woken, due):
    JobFactory(run_at=PAST, **due)

    assert sweep() == {"mail": True}
    assert woken() == ["mail"]


@pytest.mark.parametrize(
    "not_due",
    [
        {"run_at": FUTURE},
        {"run_at": FUTURE, "attempt": 2},
        {"state": State.RUNNING, "lease_until": FUTURE},
        {"kind": "from_the_future", "job_id": "from_the_future:1"},
        *({"state": state} for state in (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.NEEDS_REVIEW)),
    ],
    ids=lambda fields: "-".join(fields),
)
def test_for_any_other_job_nobody_is_woken(db, not_due):
    JobFactory(**{"run_at": PAST, **not_due})

    assert sweep() == {}


@pytest.mark.parametrize("name", ["kind:welcome_email", "queue:mail"])
def test_what_is_paused_is_neither_woken_nor_claimed(db, name):
    JobFactory(), JobFactory(attempt=1)
    pause = Pause.objects.create(name=name, by="boss", via=Via.COMMAND)
    assert (sweep(), claims.claim_new({get_kind("welcome_email"): 5}, 1), claims.find(kinds())) == ({}, [], [])

    pause.delete()
    assert sweep() == {"mail": True}
    assert len(claims.find(kinds())) == 1


def test_a_clock_that_is_a_year_ahead_makes_nothing_due(db, monkeypatch):
    job = JobFactory(run_at=FUTURE)
    ahead = timezone.now() + timedelta(days=365)
    monkeypatch.setattr("django.utils.timezone.now", lambda: ahead)

    assert (sweep(), engine.run(job.pk)) == ({}, "")


def sweep_at_once(starting_line):
    try:
        starting_line.wait(timeout=30)
        return sweep()
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_eight_sweepers_at_once_send_a_handful_of_messages_for_all_jobs(broker):
    JobFactory.create_batch(40, run_at=PAST)
    starting_line = Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(sweep_at_once, [starting_line] * 8))

    assert found == [{"mail": True}] * 8
    assert 1 <= broker.llen("mail") <= 8


def test_while_a_message_waits_there_is_no_other(db, broker):
    JobFactory(run_at=PAST)
    for _ in range(3):
        sweep()

    assert broker.llen("mail") == 1


@pytest.mark.django_db(transaction=True)
def test_the_command_looks_once(woken):
    JobFactory(run_at=PAST)
    call_command("jobs_scheduler", "--once")

    assert woken() == ["mail"]


@pytest.mark.parametrize("every", ["-1", "0", "nan", "inf", "1e9", "soon", ""])
def test_the_command_refuses_a_pause_that_is_none(every):
    with pytest.raises(CommandError, match=r"must be a number of seconds from 0\.1 to 3600"):
        call_command("jobs_scheduler", "--every", every)


def test_a_broker_that_is_away_is_not_asked_again_for_a_while(db, monkeypatch):
    asked = []

    def refused(*args, **kwargs):
        asked.append(args)
        raise ConnectionRefusedError

    monkeypatch.setattr(wakeups.app, "send_task", refused)
    told = [wakeups.wake("mail") for _ in range(3)]
    wakeups.breaker.record(success=True)

    assert told == [False, False, False]
    assert len(asked) == 1


def test_a_broker_that_takes_no_messages_loses_none_of_the_jobs(db, broker):
    """As a server does whose memory is full."""
    job = JobFactory(run_at=PAST)
    broker.config_set("maxmemory", 1)
    try:
        assert sweep() == {"mail": False}
    finally:
        broker.config_set("maxmemory", 0)
        wakeups.breaker.record(success=True)

    assert sweep() == {"mail": True}
    assert Job.objects.get(pk=job.pk).state == State.QUEUED


def test_a_rate_lets_no_more_begin_than_it_says(db):
    kind = replace(get_kind("welcome_email"), rate=2)
    first, at_once = claims.allow(kind, 50), claims.allow(kind, 50)

    assert (first, at_once) == (2 * claims.RATE_SECONDS, 0)
    claims.give_back(kind, 1)
    assert claims.allow(kind, 50) == 1
