import pytest
from django.db import transaction
from django.utils import timezone

from jobs.models import Job, State
from jobs.registry import UnknownKind
from jobs.services import LARGEST_PAYLOAD, JobConflict, enqueue


def test_a_job_is_queued_under_its_kind_and_key(alice):
    job_id = enqueue("welcome_email", "42", {"user_id": "42"}, owner=alice)
    job = Job.objects.get()

    assert job_id == job.pk == "welcome_email:42"
    assert (job.state, job.attempt, job.max_attempts, job.owner) == (State.QUEUED, 0, 12, alice)
    assert job.run_at <= job.deliver_at


def test_the_same_again_is_the_same_job(db):
    enqueue("welcome_email", "42", {"b": 1, "a": 2})
    enqueue("welcome_email", "42", {"a": 2, "b": 1})

    assert Job.objects.count() == 1


def test_another_payload_under_the_same_id_is_a_conflict(db):
    enqueue("welcome_email", "42", {"user_id": "42"})
    with pytest.raises(JobConflict):
        enqueue("welcome_email", "42", {"user_id": "43"})


def test_a_job_that_waits_is_announced_when_it_is_due(db):
    later = timezone.now() + timezone.timedelta(days=1)
    enqueue("welcome_email", "42", run_at=later)
    job = Job.objects.get()

    assert job.run_at == job.deliver_at == later


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
