from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

from devstack.service import wait_until
from jobs.models import Job, State
from jobs.registry import UnknownKind
from jobs.services import LARGEST_PAYLOAD, JobConflict, New, cancel, enqueue, enqueue_many, look, reschedule
from jobs.tests.factories import JobFactory


def test_a_job_is_queued_under_its_kind_and_key(alice):
    job_id = enqueue("welcome_email", "42", {"user_id": "42"}, owner=alice)
    job = Job.objects.get()

    assert job_id == job.pk == "welcome_email:42"
    assert (job.state, job.attempt, job.max_attempts, job.owner) == (State.QUEUED, 0, 12, alice)
    assert job.run_at == job.created_at


def test_the_same_again_is_the_same_job(db):
    enqueue("welcome_email", "42", {"b": 1, "a": 2})
    enqueue("welcome_email", "42", {"a": 2, "b": 1})

    assert Job.objects.count() == 1


def test_another_payload_under_the_same_id_is_a_conflict(db):
    enqueue("welcome_email", "42", {"user_id": "42"})
    with pytest.raises(JobConflict):
        enqueue("welcome_email", "42", {"user_id": "43"})


LATER = timezone.now() + timedelta(days=1)


def test_enqueued_again_for_another_time_it_is_a_conflict(db):
    enqueue("welcome_email", "42", run_at=LATER)
    enqueue("welcome_email", "42", run_at=LATER)
    for other in (None, LATER + timedelta(seconds=1)):
        with pytest.raises(JobConflict):
            enqueue("welcome_email", "42", run_at=other)

    assert Job.objects.get().run_at == LATER


def test_a_time_without_a_zone_is_refused(db):
    with pytest.raises(ValueError, match="time zone"):
        enqueue("welcome_email", "42", run_at=LATER.replace(tzinfo=None))


def test_many_are_enqueued_in_one_statement(alice, django_assert_num_queries):
    new = [New(str(n), {"n": n}, owner=alice, run_at=LATER if n else None) for n in range(500)]
    with django_assert_num_queries(1):
        job_ids = enqueue_many("welcome_email", new)

    assert job_ids[:2] == ["welcome_email:0", "welcome_email:1"]
    assert alice.jobs.filter(run_at=LATER).count() == 499
    assert Job.objects.get(pk="welcome_email:7").payload == {"n": 7}


def test_those_of_many_that_are_there_already_are_the_same_jobs(db):
    enqueue("welcome_email", "1", {"n": 1})

    assert enqueue_many("welcome_email", [New(str(n), {"n": n}) for n in (2, 1, 2)]) == [
        "welcome_email:2", "welcome_email:1", "welcome_email:2"]  # fmt: skip
    assert Job.objects.count() == 2


@pytest.mark.parametrize("others", [[New("1", {"n": 2})], [New("2", {"n": 2}), New("2", {"n": 3})]])
def test_one_of_many_that_differs_is_a_conflict(db, others):
    enqueue("welcome_email", "1", {"n": 1})
    with pytest.raises(JobConflict):
        enqueue_many("welcome_email", others)


def test_none_of_many_is_none(db):
    assert enqueue_many("welcome_email", []) == []


def test_a_queued_job_is_cancelled_and_a_running_one_is_asked_by_the_app(db):
    JobFactory(job_id="welcome_email:queued")
    running = JobFactory(job_id="welcome_email:running", state=State.RUNNING)
    JobFactory(job_id="welcome_email:done", state=State.SUCCEEDED)

    assert [cancel("welcome_email", key) for key in ("queued", "running", "done", "none")] == [True, True, False, False]
    assert Job.objects.get(pk="welcome_email:queued").state == State.CANCELLED
    running.refresh_from_db()
    assert running.cancel_requested_at


def test_a_job_that_begins_while_the_app_cancels_it_is_asked_to_stop(transactional_db):
    job = JobFactory(job_id="welcome_email:1")
    with ThreadPoolExecutor(1) as pool, closing(connection.copy()) as worker, worker.cursor() as cursor:
        cursor.execute("BEGIN; UPDATE job_log SET state = 'running', attempt = 1, lease_until = now()")
        asked = pool.submit(cancel_elsewhere, "welcome_email", "1")
        wait_until(lambda: waits_for_a_lock(), seconds=5)
        cursor.execute("COMMIT")

        assert asked.result()
    job.refresh_from_db()
    assert (job.state, bool(job.cancel_requested_at)) == (State.RUNNING, True)


def cancel_elsewhere(kind, key):
    try:
        return cancel(kind, key)
    finally:
        connection.close()


def waits_for_a_lock():
    with connection.cursor() as cursor:
        cursor.execute("SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
        return cursor.fetchone() is not None


def test_a_job_that_waits_is_rescheduled(db):
    enqueue("welcome_email", "42", {"a": 1}, run_at=LATER)
    sooner = LATER - timedelta(hours=1)

    assert reschedule("welcome_email", "42", sooner)
    assert Job.objects.get().run_at == sooner
    enqueue("welcome_email", "42", {"a": 1}, run_at=sooner)
    with pytest.raises(JobConflict):
        enqueue("welcome_email", "42", {"a": 1}, run_at=LATER)


@pytest.mark.parametrize("state", [State.RUNNING, State.SUCCEEDED])
def test_a_job_that_was_begun_is_not_rescheduled(db, state):
    JobFactory(job_id="welcome_email:1", state=state)

    assert not reschedule("welcome_email", "1", LATER)
    assert not reschedule("welcome_email", "none", LATER)


def test_an_app_looks_at_its_own_jobs(db):
    for key in ("a:1", "a:2", "b:1"):
        JobFactory(job_id=f"welcome_email:{key}", progress={"done": 3})

    assert [(seen.job_id, seen.state, seen.progress) for seen in look("welcome_email:a:")] == [
        ("welcome_email:a:1", "queued", {"done": 3}), ("welcome_email:a:2", "queued", {"done": 3})]  # fmt: skip


def test_the_wake_up_is_sent_once_for_each_queue_and_transaction(transactional_db, woken):
    with transaction.atomic():
        enqueue_many("welcome_email", [New("1"), New("2")])
        enqueue("welcome_email", "3")
        assert woken() == []
        assert len(connection.run_on_commit) == 1

    assert woken() == ["mail"]


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_it_is_refused():
    with pytest.raises(RuntimeError):
        enqueue("welcome_email", "42")


@pytest.mark.django_db(transaction=True)
def test_a_job_goes_with_the_transaction_it_belongs_to():
    with transaction.atomic():
        enqueue("welcome_email", "42")
        transaction.set_rollback(True)

    assert not Job.objects.exists()


def test_an_unknown_kind_is_refused(db):
    with pytest.raises(UnknownKind):
        enqueue("welcome_male", "42")


@pytest.mark.parametrize("key", ["", "a b", "ä", "a\n", "x" * 200, "a:", ":a"])
def test_a_key_that_makes_no_id_is_refused(db, key):
    with pytest.raises(ValueError, match="is not a job id"):
        enqueue("welcome_email", key)


@pytest.mark.parametrize("payload", [{"x": "x" * LARGEST_PAYLOAD}, {"x": float("nan")}, {"x": object()}])
def test_a_payload_too_large_or_not_json_is_refused(db, payload):
    with pytest.raises((ValueError, TypeError)):
        enqueue("welcome_email", "42", payload)


def test_a_job_outlives_its_owner(alice):
    enqueue("welcome_email", "42", owner=alice)
    alice.delete()

    assert Job.objects.get().owner is None
