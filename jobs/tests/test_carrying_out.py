"""What a kind may say about how its jobs are carried out: priority, rate, snooze, failed, leases."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.utils import timezone

from jobs import claims, engine, registry
from jobs.models import Job, LeaseLost, Outcome, State
from jobs.registry import Kind, PermanentError, Snooze
from jobs.running import heartbeat
from jobs.tests.factories import JobFactory

User = get_user_model()
pytestmark = pytest.mark.django_db(transaction=True)
PAST = timezone.now() - timedelta(minutes=5)


@pytest.fixture
def kind(monkeypatch):
    """kind(name, **options): a kind for one test, of a queue that has no other."""

    def register(name, **options):
        monkeypatch.setitem(registry._kinds, name, Kind(name, queue="bulk", **options))
        return registry.get_kind(name)

    return register


def job_of(kind, **fields):
    return JobFactory(
        kind=kind.name, job_id=f"{kind.name}:{Job.objects.count()}", max_attempts=kind.max_attempts, **fields
    )


def work():
    return engine.work("bulk", more=lambda: None, until=lambda: False)


def test_the_kind_with_the_smallest_priority_goes_first_however_old_the_others_are(kind):
    done = []
    for name, priority in (("slow", 10), ("urgent", 0), ("usual", 5)):
        job_of(
            kind(name, finish=lambda job: done.append(job.kind), priority=priority),
            run_at=PAST - timedelta(days=priority),
        )
    work()

    assert done == ["urgent", "usual", "slow"]


def test_a_job_that_was_tried_goes_on_beside_new_ones(kind):
    one = kind("one", finish=lambda job: None)
    tried, new = job_of(one, attempt=2, run_at=PAST), job_of(one)
    work()

    assert set(Job.objects.values_list("pk", "state")) == {(tried.pk, "succeeded"), (new.pk, "succeeded")}


def test_no_more_begin_than_the_rate_allows_and_the_rest_waits(kind):
    rated = kind("rated", external=lambda job: None, rate=2)
    for _ in range(10):
        job_of(rated, run_at=PAST)
    work()

    states = list(Job.objects.values_list("state", flat=True))
    assert states.count("succeeded") == 2 * claims.RATE_SECONDS
    assert states.count("queued") == 10 - 2 * claims.RATE_SECONDS


def test_a_job_that_is_rated_and_was_tried_waits_for_its_turn_too(kind):
    rated = kind("rated", external=lambda job: None, rate=0.001)
    job_of(rated, attempt=1), job_of(rated, attempt=1)
    work()

    assert sorted(Job.objects.values_list("state", flat=True)) == ["queued", "succeeded"]


def snooze(seconds):
    def external(job):
        raise Snooze(seconds)

    return external


def test_a_snoozed_job_is_queued_for_later_and_has_as_many_attempts_left(kind):
    job = job_of(kind("polite", external=snooze(90)))
    work()
    job.refresh_from_db()

    assert job.state == State.QUEUED
    assert job.run_at - timezone.now() == pytest.approx(timedelta(seconds=90), abs=timedelta(seconds=10))
    assert job.max_attempts - job.attempt == 12
    assert (job.attempts.get().outcome, job.error_code) == (Outcome.SNOOZED, "")


def test_who_snoozes_for_too_long_spends_attempts(kind):
    polite = kind("polite", external=snooze(1), snooze_limit=60)
    job = job_of(polite, attempt=1)
    claims.record_attempt(Job(job_id=job.pk, attempt=1, started_at=PAST), Outcome.SNOOZED)
    work()

    assert Job.objects.get().attempts.order_by("-attempt").first().outcome == Outcome.ERROR


def fail(job):
    raise PermanentError("no such order")


def test_what_a_kind_does_when_a_job_fails_is_done_in_that_transaction(kind):
    job_of(kind("hopeless", external=fail, failed=lambda job, error: User.objects.create(username=error[-8:])))
    work()

    assert (Job.objects.get().state, User.objects.get().username) == (State.FAILED, "ch order")


def test_a_job_whose_worker_dies_at_its_last_attempt_has_failed_for_its_kind_too(kind):
    told = []
    dead = kind("dead", external=fail, failed=lambda job, error: told.append(error))
    job_of(dead, state=State.RUNNING, attempt=12, lease_until=PAST)
    work()

    assert (Job.objects.get().state, told) == (State.FAILED, [claims.SENTENCES[Outcome.WORKER_LOST]])


def test_a_job_has_failed_although_what_its_kind_does_then_raises(kind):
    job_of(kind("hopeless", external=fail, failed=lambda job, error: User.objects.get()))
    work()

    assert (Job.objects.get().state, Job.objects.get().error) == (State.FAILED, "PermanentError: no such order")


def test_a_queued_job_without_an_attempt_left_fails_instead_of_raising_each_time(kind):
    job_of(kind("spent", finish=lambda job: None), attempt=12)
    work()

    assert Job.objects.get().state == State.FAILED


def test_a_heartbeat_lets_long_work_go_on_beyond_its_lease(kind):
    def beat(job):
        for _ in range(6):
            engine.time.sleep(0.1)
            heartbeat(job)

    patient = kind("patient", external=beat, time_limit=30, lease=0.4)
    job_of(patient)
    work()

    assert (Job.objects.get().state, Job.objects.get().attempt) == (State.SUCCEEDED, 1)


def test_the_handler_sees_its_job_as_it_runs(kind):
    seen = []
    job_of(kind("curious", finish=lambda job: seen.append(as_it_is(job))))
    work()

    assert seen == [(State.RUNNING, 1, True, {})]


def as_it_is(job):
    return job.state, job.attempt, job.lease_until > timezone.now(), job.payload


def test_what_another_attempt_has_taken_over_is_not_settled(kind):
    one = kind("one", finish=lambda job: None)
    job = job_of(one, state=State.RUNNING)
    Job.objects.update(attempt=2)
    with pytest.raises(LeaseLost):
        engine.settle(job, replace(one, finish=None, external=print), None)
