"""What staff does to the access of accounts, and the log of it."""

from io import StringIO

import pytest
from django.core.management import call_command

from accounts.client import Client
from accounts.models import SecurityEvent, User
from accounts.tests.factories import UserFactory, verified
from accounts.tests.test_admin import URL, save
from jobs.tests.factories import jobs_of
from taskhub.tests.pages import act, statements

LOG = "/admin/accounts/securityevent/"


def set_password(client, user):
    new = {"password1": "battery staple horse", "password2": "battery staple horse"}
    return client.post(f"{URL}{user.pk}/password/", new)


def test_a_password_set_by_staff_ends_all_sessions_and_is_told(boss_client, alice, alice_client):
    verified(alice)

    assert set_password(boss_client, alice).status_code == 302
    assert alice_client.get("/auth/me").status_code == 401
    assert SecurityEvent.objects.get(owner=alice).staff == "boss"
    assert jobs_of("security_notice").exists()


def test_the_own_password_leaves_the_session_in_which_it_was_set(boss, boss_client):
    set_password(boss_client, boss)

    assert boss_client.get(URL).status_code == 200


def test_a_password_that_is_refused_ends_nothing(boss_client, alice, alice_client):
    boss_client.post(f"{URL}{alice.pk}/password/", {"password1": "x", "password2": "y"})

    assert alice_client.get("/auth/me").status_code == 200


@pytest.mark.parametrize("how", ["form", "action"])
def test_a_deactivation_is_in_the_log_of_the_account(boss_client, alice, how):
    save(boss_client, alice, is_active="") if how == "form" else act(boss_client, URL, "deactivate", alice)
    act(boss_client, URL, "activate", alice)
    events = SecurityEvent.objects.filter(owner=alice).order_by("id").values_list("kind", "staff")

    assert list(events) == [("deactivated", "boss"), ("activated", "boss")]


def test_a_form_writes_only_what_it_changed(boss_client, alice):
    """A deactivation raises access_version by a trigger; what the form has read is older."""
    save(boss_client, alice, is_active="")

    assert User.objects.get(pk=alice.pk).access_version == 2


@pytest.mark.parametrize("term", ["alice", " ALICE ", "{pk}"])
def test_the_log_is_found_by_the_account(boss_client, alice, bob, term):
    for user in (alice, bob):
        SecurityEvent.objects.record(SecurityEvent.Kind.SIGNED_UP, user.pk, Client("203.0.113.7", "phone"))
    rows = boss_client.get(LOG, {"q": term.format(pk=alice.pk)}).context["cl"].result_list

    assert [event.owner for event in rows] == [alice]


def test_nobody_edits_the_log(boss_client, alice):
    event = SecurityEvent.objects.record(SecurityEvent.Kind.SIGNED_UP, alice.pk, Client())
    answers = [boss_client.post(f"{LOG}{path}", {}) for path in ("add/", f"{event.pk}/change/", f"{event.pk}/delete/")]

    assert {answer.status_code for answer in answers} == {403}


def test_the_log_costs_the_same_for_one_and_for_thirty(boss_client, alice):
    SecurityEvent.objects.record(SecurityEvent.Kind.SIGNED_UP, alice.pk, Client())
    few = len(statements(boss_client, LOG))
    owners = [user.pk for user in UserFactory.create_batch(30)]
    SecurityEvent.objects.record_all(SecurityEvent.Kind.SIGNED_UP, owners, Client())

    assert len(statements(boss_client, LOG)) == few


def test_another_address_is_noted_and_told_to_the_former_one(boss_client, alice):
    verified(alice)
    save(boss_client, alice, email="new@example.com")

    assert SecurityEvent.objects.get(owner=alice).kind == "email_changed"
    assert jobs_of("security_notice").get().payload["email"] == "alice@example.com"


def test_a_password_set_by_a_command_ends_all_sessions(alice, alice_client, monkeypatch):
    monkeypatch.setattr("getpass.getpass", lambda **_: "battery staple horse")
    call_command("changepassword", "alice", stdout=StringIO())

    assert alice_client.get("/auth/me").status_code == 401
