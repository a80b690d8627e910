"""`POST /jobs/{job_id}/retry` and `/cancel`: what owners may do."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.contrib.auth import get_user_model
from django.db import connection

from conftest import client_of
from jobs import registry
from jobs.models import Event, Job, State
from jobs.registry import Kind
from jobs.tests.factories import JobFactory

STEERED = [("retry", State.FAILED), ("cancel", State.QUEUED), ("cancel", State.RUNNING)]
each_wish = pytest.mark.parametrize(("action", "state"), STEERED)


def path(job, action):
    return f"/jobs/{job.pk}/{action}"


def test_an_owner_retries_a_failed_job(alice, alice_client):
    job = JobFactory(owner=alice, state=State.FAILED, attempt=5, error_code="error")
    answer = alice_client.post(path(job, "retry"))

    assert answer.status_code == 200
    assert answer.json() == alice_client.get(f"/jobs/{job.pk}").json()
    assert {"state": "queued", "attempt": 5, "max_attempts": 17, "error": None}.items() <= answer.json().items()


def test_an_owner_cancels_a_queued_job(alice, alice_client):
    job = JobFactory(owner=alice)
    answer = alice_client.post(path(job, "cancel") + "/", {}, format="json")

    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    assert answer.json()["finished_at"]


def test_a_running_job_is_asked(alice, alice_client):
    job = JobFactory(owner=alice, state=State.RUNNING)
    answer = alice_client.post(path(job, "cancel"))

    assert (answer.status_code, answer.json()["state"]) == (202, "running")
    assert answer.json()["cancel_requested_at"]
    assert int(answer["Retry-After"]) >= 1


@each_wish
def test_it_is_written_down_who_did_it(alice, alice_client, action, state):
    alice_client.post(path(JobFactory(owner=alice, state=state), action))
    event = Event.objects.get()

    assert (event.by, event.user, event.via) == ("alice", alice, "api")
    assert event.act in {"retried", "cancelled", "cancel_requested"}


@each_wish
def test_a_stranger_sees_404(alice, bob_client, action, state):
    job = JobFactory(owner=alice, state=state)

    assert bob_client.post(path(job, action)).status_code == 404
    assert (Job.objects.get().state, Event.objects.exists()) == (state, False)


@each_wish
def test_a_job_that_is_not_there_is_not_found(alice_client, action, state):
    assert alice_client.post(f"/jobs/welcome_email:none/{action}").status_code == 404


@each_wish
@pytest.mark.parametrize("kind", ["cron", "unknown"])
def test_a_kind_that_does_not_let_owners_is_a_conflict(alice, alice_client, action, state, kind):
    job = JobFactory(owner=alice, state=state, kind=kind, job_id=f"{kind}:prune_jobs:1")
    answer = alice_client.post(path(job, action))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["detail"] == f"Owners may not {action} jobs of this kind."
    assert Job.objects.get().state == state


@pytest.mark.parametrize(
    ("action", "state"),
    [("retry", State(state)) for state in ("queued", "running", "succeeded", "cancelled")]
    + [("cancel", State(state)) for state in ("succeeded", "failed", "cancelled", "needs_review")],
)
def test_a_state_that_does_not_allow_it_is_a_conflict_and_nothing_changes(alice, alice_client, action, state):
    job = JobFactory(owner=alice, state=state)
    answer = alice_client.post(path(job, action))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert state.label.lower() in answer.json()["detail"]
    assert (Job.objects.get().state, Event.objects.exists()) == (state, False)


@each_wish
def test_a_second_call_is_a_conflict_and_has_no_effect(alice, alice_client, action, state):
    job = JobFactory(owner=alice, state=state)

    assert [alice_client.post(path(job, action)).status_code // 100 for _ in range(2)] == [2, 4]
    assert Event.objects.count() == 1


def test_a_job_whose_worker_is_committing_is_a_conflict(held, broker):
    job = JobFactory(owner=get_user_model().objects.create(username="alice"), state=State.RUNNING)
    with held(job):
        answer = client_of(job.owner).post(path(job, "cancel"))

    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert answer.json()["detail"] == "A worker holds this job right now. Look at it again."


def test_what_is_in_doubt_is_for_staff_to_decide(alice, alice_client):
    job = JobFactory(owner=alice, state=State.NEEDS_REVIEW)
    answer = alice_client.post(path(job, "retry"))

    assert answer.status_code == 409
    assert "while it is not known whether their effect happened" in answer.json()["detail"]
    assert Job.objects.get().state == State.NEEDS_REVIEW


def test_unless_the_kind_says_that_owners_decide(alice, alice_client, monkeypatch):
    kind = Kind("welcome_email", finish=lambda job, outcome: None, owner_may=("retry_in_doubt",))
    monkeypatch.setitem(registry._kinds, kind.name, kind)
    doubtful, failed = (JobFactory(owner=alice, state=state) for state in ("needs_review", "failed"))

    assert [alice_client.post(path(job, "retry")).status_code for job in (doubtful, failed)] == [200, 409]


@pytest.mark.parametrize("body", ['{"force": true}', "[]", "null", '"now"', "0"])
def test_a_body_that_says_something_is_refused(alice, alice_client, body):
    job = JobFactory(owner=alice)
    answer = alice_client.post(path(job, "cancel"), body, content_type="application/json")

    assert (answer.status_code, answer.json()["code"]) == (400, "validation_error")
    assert Job.objects.get().state == State.QUEUED


def test_a_parameter_is_refused(alice, alice_client):
    assert alice_client.post(path(JobFactory(owner=alice), "cancel") + "?force=1").status_code == 400


@each_wish
def test_it_needs_a_token(anonymous_client, alice, action, state):
    assert anonymous_client.post(path(JobFactory(owner=alice, state=state), action)).status_code == 401


@pytest.mark.parametrize("action", ["retry", "cancel"])
def test_it_is_a_post(alice, alice_client, action):
    assert alice_client.get(path(JobFactory(owner=alice), action)).status_code == 405


@each_wish
def test_of_eight_calls_at_once_one_wins(transactional_db, broker, action, state):
    job = JobFactory(owner=get_user_model().objects.create(username="alice"), state=state)
    ready = Barrier(8)

    def call(_):
        try:
            client = client_of(job.owner)
            ready.wait()
            return client.post(path(job, action)).status_code // 100
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(call, range(8))) == [2] + [4] * 7
    assert Event.objects.count() == 1
