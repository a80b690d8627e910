"""An account is closed and deleted, and what was kept is given to its owner before."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.utils import timezone

from accounts import export
from accounts.handlers import delete_account, export_account, prune_sessions
from accounts.models import ExportPart, PersonalToken, Session, User
from accounts.tests.factories import PASSWORD
from conftest import client_of
from jobs.models import Job
from jobs.testing import drain
from jobs.tests.factories import JobFactory
from taskhub.owned import tables
from tasks.models import Task, TaskLabel
from tasks.tests.factories import (
    CommentFactory,
    DependencyFactory,
    FilterFactory,
    LabelFactory,
    ListFactory,
    TaskFactory,
)

# What an export leaves out, and why
NOT_EXPORTED = {
    "events.EventSequence": "a number that the events tell of, too",
    "jobs.Event": "of staff, as those who act",
    "admin.LogEntry": "of staff, as those who act",
    "accounts.MailedToken": "hashes, for a day",
    "accounts.RecoveryCode": "hashes",
    "accounts.ExportPart": "the export itself",
    "tickets.Finding": "made anew by each check",
    "accounts.User_groups": "rights of staff",
    "accounts.User_user_permissions": "rights of staff",
}


@pytest.fixture
def running(monkeypatch):
    """Runs a job's handler without a worker."""
    monkeypatch.setattr("jobs.running.heartbeat", lambda *args: None)
    monkeypatch.setattr("jobs.running.check_cancelled", lambda job: None)
    monkeypatch.setattr("accounts.export.heartbeat", lambda *args: None)


def close(client):
    return client.delete("/auth/me")


def deletion():
    return Job.objects.get(kind="account_deletion")


def test_a_closed_account_is_shut_at_once(alice, alice_client):
    PersonalToken.objects.create(owner=alice, name="x", scopes=[], digest=b"x")

    assert (close(alice_client).status_code, alice_client.get("/auth/me").status_code) == (202, 401)
    assert client_of().post("/auth/login", {"username": "alice", "password": PASSWORD}).status_code == 401
    assert not Session.objects.exists()
    assert not PersonalToken.objects.exists()


def test_its_jobs_are_cancelled(alice, alice_client):
    queued, running = (
        JobFactory(owner=alice),
        JobFactory(owner=alice, state="running", attempt=1, lease_until=timezone.now()),
    )
    close(alice_client)
    queued.refresh_from_db()
    running.refresh_from_db()

    assert (queued.state, running.cancel_requested_at is not None) == ("cancelled", True)


def test_everything_goes_and_the_name_is_free(alice, alice_client, running, anonymous_client):
    TaskFactory.create_batch(3, owner=alice)
    JobFactory(owner=alice, state="succeeded", finished_at=timezone.now())
    alice_client.post("/tasks/", {"title": "Milk"}, headers={"Idempotency-Key": "k"})
    close(alice_client)
    result = delete_account(deletion())

    assert (result["deleted"], result["tasks"], User.objects.count(), Task.objects.count()) == (True, 4, 0, 0)
    assert [name for name, table in tables.items() if table.rows(alice.pk).exists()] == []
    assert Job.objects.exclude(kind="account_deletion").count() == 0
    assert anonymous_client.post("/auth/register", {"username": "alice", "password": PASSWORD}).status_code == 201


@pytest.mark.django_db(transaction=True)
def test_all_that_belongs_to_tasks_goes_with_them_in_an_order_that_the_database_allows(alice, alice_client):
    home = ListFactory(owner=alice)
    cake = TaskFactory(owner=alice, list=home, label_ids=[LabelFactory(owner=alice).pk])
    CommentFactory(task=cake)
    DependencyFactory(task=cake, needs=TaskFactory(owner=alice, parent=cake))
    FilterFactory(owner=alice)
    alice_client.delete(f"/tasks/{cake.pk}")
    close(alice_client)

    assert set(drain("account_deletion").values()) == {"succeeded"}
    assert not any(table.model.objects.exists() for name, table in tables.items() if name not in ("jobs", "events"))
    assert not TaskLabel.objects.exists()


def test_what_belongs_to_bob_stays(bob, alice_client, running):
    TaskFactory(owner=bob)
    close(alice_client)
    delete_account(deletion())

    assert (Task.objects.get().owner, User.objects.get()) == (bob, bob)


def test_carried_out_twice_it_is_done_once(alice_client, running):
    close(alice_client)

    assert [delete_account(deletion())["deleted"] for _ in range(2)] == [True, False]


def test_what_staff_has_activated_again_stays_until_it_is_closed_again(alice, alice_client, running):
    close(alice_client)
    User.objects.update(is_active=True)
    assert delete_account(deletion()) == {"deleted": False, "reason": "active_again"}
    close(client_of(User.objects.get()))

    assert delete_account(Job.objects.filter(kind="account_deletion").latest("job_id"))["deleted"]


@pytest.mark.parametrize("rights", [{"is_staff": True}, {"is_superuser": True}])
def test_staff_does_not_close_its_own_account(alice, alice_client, rights):
    User.objects.update(**rights)

    assert close(alice_client).json()["code"] == "staff_account"
    assert User.objects.get().is_active


def test_it_needs_a_recent_sign_in(alice_client):
    Session.objects.update(signed_in_at=timezone.now() - timedelta(minutes=11))

    assert close(alice_client).json()["code"] == "sign_in_again"


def test_it_may_depend_on_the_version(alice_client):
    assert alice_client.delete("/auth/me", headers={"If-Match": '"7"'}).status_code == 412


def owned_models():
    """Every model with a foreign key to users."""
    for model in apps.get_models(include_auto_created=True):
        if any(getattr(field, "related_model", None) is User and field.concrete for field in model._meta.fields):
            yield model


def test_every_table_that_belongs_to_a_user_is_in_the_export_or_says_why_not():
    exported = {table.model for table in tables.values() if table.columns}

    assert {model._meta.label for model in owned_models() if model not in exported} == set(NOT_EXPORTED)


def test_an_export_holds_what_is_kept(alice, bob, alice_client):
    TaskFactory(owner=bob, title="Not hers")
    alice_client.post("/tasks/", {"title": "Milk"})
    answer = alice_client.get("/auth/me/export")
    document = answer.json()

    assert document.keys() == {"exported_at", "account", *(name for name, table in tables.items() if table.columns)}
    assert (document["account"]["username"], [task["title"] for task in document["tasks"]]) == ("alice", ["Milk"])
    assert [event["kind"] for event in document["events"]] == ["created"]
    assert answer["Content-Disposition"] == 'attachment; filename="taskhub.json"'


def test_no_secret_is_in_it():
    named = {column for table in tables.values() for column in table.columns}

    assert not named & {"digest", "secret", "password", "fingerprint", "body", "renewed_by"}


@pytest.fixture
def large(monkeypatch):
    monkeypatch.setattr(export, "MOST_AT_ONCE", 0)
    monkeypatch.setattr(export, "PART", 100)


def test_a_large_one_is_made_by_a_job_once(alice, alice_client, large, running):
    TaskFactory.create_batch(5, owner=alice)
    asked = [alice_client.get("/auth/me/export") for _ in range(2)]
    assert [answer.status_code for answer in asked] == [202, 202]
    job = Job.objects.get(pk=asked[0].json()["job_id"])
    result = export_account(job)
    Job.objects.update(state="succeeded", finished_at=timezone.now())
    answer = alice_client.get("/auth/me/export")

    assert ExportPart.objects.count() > 3
    assert len(answer.json()["tasks"]) == 5
    assert int(answer["Content-Length"]) == len(answer.content) == result["bytes"]


def test_another_attempt_begins_anew(alice, alice_client, large, running):
    job = Job.objects.get(pk=alice_client.get("/auth/me/export").json()["job_id"])
    first, second = export_account(job), export_account(job)

    assert first == second
    assert sum(len(part.body) for part in ExportPart.objects.all()) == second["bytes"]


def test_after_a_day_it_is_made_anew(alice_client, large, running):
    first = alice_client.get("/auth/me/export").json()["job_id"]
    export_account(Job.objects.get(pk=first))
    Job.objects.update(state="succeeded", finished_at=timezone.now())
    ExportPart.objects.update(created_at=timezone.now() - timedelta(days=1, seconds=1))
    prune_sessions(Job.objects.get(pk=first))

    assert alice_client.get("/auth/me/export").json()["job_id"] != first


def test_bob_gets_his_own(alice, bob_client, alice_client, large, running):
    job = Job.objects.get(pk=alice_client.get("/auth/me/export").json()["job_id"])
    export_account(job)

    assert bob_client.get("/auth/me/export").status_code == 202
