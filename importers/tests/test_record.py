"""Jobs that another system has finished are taken over and never done here."""

import pytest
from django.db import transaction
from django.utils import timezone

from jobs.imports import record
from jobs.models import Job
from jobs.services import JobConflict, enqueue

NOW = timezone.now()


def finished(job_id="welcome_email:7", **changes):
    times = {"created_at": NOW, "finished_at": NOW}
    return {
        "job_id": job_id,
        "payload": {"user_id": "7"},
        "result": None,
        "error": "",
        "owner_id": None,
        **times,
        **changes,
    }


@pytest.mark.parametrize(
    ("error", "state", "code"), [("", "succeeded", ""), ("It was interrupted.", "failed", "worker_lost")]
)
def test_a_job_with_an_error_has_failed_and_one_without_has_succeeded(db, error, state, code):
    record([finished(error=error)])
    job = Job.objects.get()

    assert (job.kind, job.state, job.error_code, job.error) == ("welcome_email", state, code, error)


def test_the_same_event_enqueued_afterwards_does_nothing(db):
    record([finished()])
    with transaction.atomic():
        enqueue("welcome_email", "7", {"user_id": "7"})

    assert Job.objects.get().state == "succeeded"


def test_another_payload_for_it_is_a_conflict(db):
    record([finished()])
    with pytest.raises(JobConflict), transaction.atomic():
        enqueue("welcome_email", "7", {"user_id": "8"})


def test_what_is_here_already_is_left_alone(db):
    with transaction.atomic():
        enqueue("welcome_email", "7", {"user_id": "7"})

    assert record([finished(), finished("welcome_email:8")]) == {"welcome_email:8"}
    assert Job.objects.get(pk="welcome_email:7").state == "queued"


def test_an_id_that_cannot_be_is_refused(db):
    with pytest.raises(ValueError, match="is not a job id"):
        record([finished("no id")])
