from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from jobs.models import Job, LeaseLost, State
from jobs.registry import Kind, UnknownKind, get_kind, handler, recurring
from jobs.running import heartbeat
from jobs.tests.factories import JobFactory


def test_a_kind_has_one_handler():
    with pytest.raises(ValueError, match="has a handler already"):
        handler("welcome_email")(print)


def test_a_name_recurs_once():
    with pytest.raises(ValueError, match="recurs already"):
        recurring("prune_jobs", every=timedelta(days=1))(print)


def test_an_unknown_kind_is_said_to_be_unknown():
    with pytest.raises(UnknownKind):
        get_kind("welcome_male")


def test_the_process_is_interrupted_then_killed_before_the_lease_ends():
    kind = Kind("x", print, time_limit=50)

    assert kind.soft_time_limit < kind.time_limit < kind.lease.total_seconds()


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (30, 900)])
def test_the_wait_after_a_failure_is_random_up_to_a_bound_that_doubles(attempt, longest):
    waits = {Kind("x", print).wait_after(attempt).total_seconds() for _ in range(200)}

    assert 0 <= min(waits) < longest / 4
    assert longest * 3 / 4 < max(waits) <= longest


@pytest.fixture
def running(transactional_db):
    return JobFactory(state=State.RUNNING, lease_until=timezone.now() + timedelta(seconds=1))


def test_a_heartbeat_extends_the_lease_and_tells_the_progress(running):
    heartbeat(running, {"done": 3, "of": 10})
    job = Job.objects.get()

    assert job.lease_until == job.deliver_at > running.lease_until + timedelta(seconds=30)
    assert job.progress == {"done": 3, "of": 10}


def test_a_heartbeat_of_an_attempt_that_is_over_is_told_so(running):
    Job.objects.update(attempt=2)
    with pytest.raises(LeaseLost):
        heartbeat(running)


def test_a_heartbeat_inside_a_transaction_is_refused(running):
    with transaction.atomic(), pytest.raises(RuntimeError):
        heartbeat(running)
