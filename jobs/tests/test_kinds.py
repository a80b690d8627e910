from datetime import timedelta

import pytest
from django.db import transaction
from django.utils import timezone

from jobs import claims
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


async def later(job):
    return 1


def one_by_one(job):
    yield 1


class Later:
    async def __call__(self, job):
        return 1


@pytest.mark.parametrize(
    ("why", "options"),
    [
        ("plain function", {"finish": later}),
        ("plain function", {"external": later}),
        ("plain function", {"finish": one_by_one}),
        ("plain function", {"external": Later()}),
        ("plain function", {"finish": print, "failed": later}),
        ("it does nothing", {}),
        ("its queue must be", {"finish": print, "queue": "post"}),
        ("must be 'retry' or 'park'", {"external": print, "in_doubt": "parked"}),
        ("only an external part", {"finish": print, "in_doubt": "park"}),
        ("owner_may", {"finish": print, "owner_may": ("delete",)}),
        ("at least 1", {"finish": print, "max_attempts": 0}),
        ("more than 0", {"finish": print, "time_limit": 0}),
        ("more than 0", {"finish": print, "rate": -1}),
        ("more than 0", {"finish": print, "rate": 0}),
        ("more than 0", {"finish": print, "lease": 0}),
        ("more than 0", {"finish": print, "backoff": -1}),
    ],
)
def test_what_cannot_work_is_refused_when_it_is_registered(why, options):
    with pytest.raises(ValueError, match=why):
        Kind("x", **options)


def test_an_unknown_option_is_refused_when_it_is_registered():
    with pytest.raises(TypeError):
        handler("x", on_failure=print)(print)


@pytest.mark.parametrize("options", [{}, {"time_limit": 1800, "lease": 60}])
def test_a_silent_process_is_killed_before_its_lease_ends(options):
    kind = Kind("x", print, **options)

    assert kind.silence_limit < kind.lease_seconds
    assert kind.soft_time_limit < kind.time_limit


def waits(attempt, **options):
    kind, job = Kind("x", print, **options), Job(attempt=attempt, max_attempts=12)
    return {kind.wait_after(job).total_seconds() for _ in range(200)}


@pytest.mark.parametrize(("attempt", "longest"), [(1, 2), (2, 4), (3, 8), (11, 900)])
def test_the_wait_after_a_failure_doubles_and_half_of_it_is_random(attempt, longest):
    found = waits(attempt, backoff=2, backoff_limit=900)

    assert longest / 2 <= min(found) < longest * 0.6
    assert longest * 0.9 < max(found) <= longest


def test_by_default_the_first_retry_comes_within_a_minute_and_the_last_after_hours():
    assert max(waits(1)) <= 60
    assert min(waits(11)) >= 2 * 3600


def test_a_job_that_a_person_retries_waits_as_little_as_at_first():
    kind = Kind("x", print)

    assert kind.wait_after(Job(attempt=13, max_attempts=24)) <= timedelta(seconds=20)


@pytest.fixture
def running(transactional_db):
    return JobFactory(state=State.RUNNING, lease_until=timezone.now() + timedelta(seconds=1))


def test_a_heartbeat_extends_the_lease_and_tells_the_progress(running):
    heartbeat(running, {"done": 3, "of": 10})
    job = Job.objects.get()

    assert job.lease_until > running.lease_until + timedelta(seconds=30)
    assert job.progress == {"done": 3, "of": 10}


def test_a_heartbeat_of_an_attempt_that_is_over_is_told_so(running):
    Job.objects.update(attempt=2)
    with pytest.raises(LeaseLost):
        heartbeat(running)


def test_a_heartbeat_inside_a_transaction_is_refused(running):
    with transaction.atomic(), pytest.raises(RuntimeError):
        heartbeat(running)


def test_a_heartbeat_keeps_where_the_next_attempt_goes_on(running):
    heartbeat(running, cursor={"row": 4711})
    Job.objects.update(lease_until=timezone.now() - timedelta(seconds=1))

    assert claims.claim(running.pk, get_kind("welcome_email")).cursor == {"row": 4711}
