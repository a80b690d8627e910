"""Retrying and cancelling: what it does to a job, what a handler sees of it, and what is written down."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection, transaction
from django.utils import timezone

from jobs import claims, engine
from jobs.control import Refused, consequence, control, refusal
from jobs.handlers import prunable_jobs
from jobs.models import RETRIABLE, UNFINISHED, Actor, Attempt, Event, Job, LeaseLost, Outcome, State, StateConflict, Via
from jobs.registry import Cancelled, Kind, get_kind
from jobs.running import check_cancelled, delete_batch
from jobs.tests.factories import JobFactory

BOSS = Actor("boss", Via.COMMAND)


@pytest.mark.parametrize("state", set(State) - set(RETRIABLE))
def test_a_job_in_another_state_is_not_retried(db, state):
    job = JobFactory(state=state)
    with pytest.raises(StateConflict):
        job.retry(BOSS, attempts=5)

    assert (Job.objects.get().state, Event.objects.exists()) == (state, False)


@pytest.mark.parametrize("state", set(State) - set(UNFINISHED))
def test_a_finished_job_is_not_cancelled(db, state):
    job = JobFactory(state=state)
    with pytest.raises(StateConflict):
        job.cancel(BOSS)

    assert (Job.objects.get().cancel_requested_at, Event.objects.exists()) == (None, False)


@pytest.mark.parametrize("state", RETRIABLE)
def test_a_retry_counts_the_attempts_on_and_forgets_what_went_wrong(db, state):
    trouble = {"error": "no", "error_code": "error", "in_doubt_since": timezone.now()}
    job = JobFactory(state=state, attempt=5, cancel_requested_at=timezone.now(), **trouble)
    job.retry(BOSS, attempts=12)

    assert (job.state, job.attempt, job.max_attempts, job.finished_at) == (State.QUEUED, 5, 17, None)
    assert (job.error, job.error_code, job.in_doubt_since, job.cancel_requested_at) == ("", "", None, None)
    assert Job.objects.claimable().get() == job


@pytest.mark.parametrize(("action", "state"), [("retry", State.FAILED), ("cancel", State.QUEUED)])
def test_who_decides_by_what_was_so_a_moment_ago_is_refused(db, action, state):
    job = JobFactory(state=state)
    Job.objects.update(state=State.RUNNING, attempt=2, lease_until=timezone.now(), finished_at=None)
    with pytest.raises(Refused):
        control(job, action, BOSS)

    assert not Event.objects.exists()


def test_for_a_retried_job_a_worker_is_woken_once_that_has_committed(transactional_db, woken):
    job = JobFactory(state=State.FAILED)
    with transaction.atomic():
        control(job, "retry", BOSS)
        assert woken() == []

    assert woken() == ["mail"]


def test_a_job_of_a_kind_that_this_release_does_not_know_is_not_retried(db):
    job = JobFactory(kind="newer", job_id="newer:1", state=State.FAILED)

    assert refusal(job, "retry") == "This release does not know this kind of job."
    assert refusal(JobFactory(kind="newer", job_id="newer:2"), "cancel") == ""


def test_a_person_is_told_that_a_doubtful_effect_may_happen_again(db):
    assert "may happen again" in consequence(JobFactory(state=State.NEEDS_REVIEW), "retry")
    assert "may happen again" not in consequence(JobFactory(state=State.FAILED), "retry")


def test_the_history_tells_attempts_and_acts_in_order_of_time_and_outlives_the_user(db):
    user = get_user_model().objects.create(username="boss")
    job = JobFactory(state=State.FAILED)
    Attempt.objects.create(job=job, attempt=1, worker="host:1", started_at=timezone.now(), outcome=Outcome.ERROR)
    job.retry(Actor("boss", Via.ADMIN, user.pk), attempts=1)
    job.run_at = timezone.now()
    job = claims.claim(job.pk, get_kind("welcome_email"))
    Job.objects.update(worker="host:2")
    job.refresh_from_db()
    user.delete()

    assert [(line["what"], line["who"]) for line in job.history()] == [
        ("error", "host:1"), ("retried", "boss (admin)"), ("running", "host:2")
    ]  # fmt: skip
    assert job.events.get().user is None


def running(**fields):
    return JobFactory(state=State.RUNNING, attempt=1, lease_until=timezone.now(), **fields)


def attempted(external, **options):
    """A job whose external part does this, after its attempt."""
    kind = Kind("welcome_email", lambda job, returned: returned, external=external, **options)
    job = running()
    engine.attempt(job, kind)
    job.refresh_from_db()
    return job


def cancel_and_look(job):
    Job.objects.get(pk=job.pk).cancel(BOSS)
    check_cancelled(job)


@pytest.mark.parametrize("in_doubt", ["retry", "park"])
def test_a_handler_that_looks_ends_the_job_as_cancelled(transactional_db, in_doubt):
    job = attempted(cancel_and_look, in_doubt=in_doubt)

    assert (job.state, job.attempts.get().outcome, job.in_doubt_since) == (State.CANCELLED, "cancelled", None)
    assert job.events.get().act == "cancel_requested"


def test_a_handler_that_does_not_look_finishes_as_it_would(transactional_db):
    job = attempted(lambda job: Job.objects.get(pk=job.pk).cancel(BOSS))

    assert (job.state, job.attempts.exists()) == (State.SUCCEEDED, False)


def test_a_request_lets_no_further_attempt_follow_one_that_failed(transactional_db):
    def cancel_and_fail(job):
        Job.objects.get(pk=job.pk).cancel(BOSS)
        raise ValueError("no")

    job = attempted(cancel_and_fail)

    assert (job.state, job.error_code, job.attempts.get().outcome) == (State.CANCELLED, "error", "error")


def test_a_handler_cannot_cancel_what_nobody_asked_to_cancel(transactional_db):
    def cancelled_by_itself(job):
        raise Cancelled

    assert attempted(cancelled_by_itself).state == State.QUEUED


def test_a_handler_that_lost_its_lease_hears_of_that_and_of_no_request(transactional_db):
    job = running(cancel_requested_at=timezone.now())
    Job.objects.update(attempt=2)
    with pytest.raises(LeaseLost):
        check_cancelled(job)


def test_inside_a_transaction_there_is_nothing_to_look_at(db):
    with pytest.raises(RuntimeError, match="external part"):
        check_cancelled(running())


@pytest.mark.parametrize(
    ("in_doubt_since", "state", "outcome"),
    [(None, State.CANCELLED, "worker_lost"), (timezone.now(), State.NEEDS_REVIEW, "in_doubt")],
)
def test_when_its_worker_died_the_next_claim_cancels_unless_in_doubt(db, in_doubt_since, state, outcome):
    job = running(cancel_requested_at=timezone.now(), in_doubt_since=in_doubt_since)

    assert claims.claim(job.pk, get_kind("welcome_email")) is None
    assert (Job.objects.get().state, job.attempts.get().outcome) == (state, outcome)


def prune():
    try:
        return delete_batch(prunable_jobs())
    finally:
        connection.close()


def test_a_job_that_is_retried_at_this_moment_is_not_pruned(transactional_db):
    job = JobFactory(state=State.FAILED, finished_at=timezone.now() - timedelta(days=1000))
    with ThreadPoolExecutor(1) as pool, transaction.atomic():
        job.retry(BOSS, attempts=1)
        assert pool.submit(prune).result() == 0

    assert Job.objects.get().state == State.QUEUED
