"""Sessions as their owner sees and ends them."""

import time
from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from django.db.models import F

from accounts.models import SecurityEvent, Session, User
from accounts.tests.factories import PASSWORD
from conftest import client_of

NEW = "battery staple horse"
CHANGE = {"current_password": PASSWORD, "new_password": NEW}


def sign_in(password=PASSWORD, **headers):
    answer = client_of().post("/auth/login", {"username": "alice", "password": password}, headers=headers)
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {answer.json().get('access_token')}")
    return client


def test_each_sign_in_is_a_session_of_a_device(alice):
    sign_in(**{"User-Agent": "phone"})
    page = sign_in(**{"User-Agent": "laptop"}).get("/auth/sessions").json()

    assert [(row["device"], row["address"], row["current"]) for row in page["items"]] == [
        ("laptop", "127.0.0.1", True),
        ("phone", "127.0.0.1", False),
    ]


def test_they_come_in_pages(alice):
    client = [sign_in() for _ in range(3)][-1]
    first = client.get("/auth/sessions?limit=2").json()
    rest = client.get(f"/auth/sessions?limit=2&cursor={first['meta']['next_cursor']}").json()

    assert len({row["id"] for row in first["items"] + rest["items"]}) == 3


def test_a_session_that_was_ended_is_refused_from_the_next_request_on(alice):
    lost, client = sign_in(), sign_in()
    (row,) = [row for row in client.get("/auth/sessions").json()["items"] if not row["current"]]

    assert client.delete(f"/auth/sessions/{row['id']}").status_code == 204
    assert (lost.get("/auth/me").status_code, client.get("/auth/me").status_code) == (401, 200)


def test_signing_out_everywhere_ends_them_all(alice):
    one, other = sign_in(), sign_in()

    assert one.post("/auth/logout-all").status_code == 204
    assert (one.get("/tasks/").status_code, other.get("/tasks/").status_code) == (401, 401)


def test_another_password_ends_all_other_sessions(alice):
    thief, client = sign_in(), sign_in()

    assert client.post("/auth/password", CHANGE).status_code == 204
    assert (thief.get("/auth/me").status_code, client.get("/auth/me").status_code) == (401, 200)
    assert sign_in(NEW).get("/auth/me").status_code == 200


def test_it_needs_the_present_one(alice_client):
    answer = alice_client.post("/auth/password", {**CHANGE, "current_password": "wrong"})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/current_password")


def test_activating_an_account_again_revives_nothing(alice, alice_client):
    User.objects.update(is_active=False)
    User.objects.update(is_active=True)

    assert alice_client.get("/auth/me").status_code == 401


def test_when_it_was_last_used_is_kept_to_five_minutes(alice_client, monkeypatch):
    Session.objects.update(last_used_at=F("last_used_at") - timedelta(hours=1))
    alice_client.get("/auth/me")
    before = Session.objects.get().last_used_at
    now = time.time()
    monkeypatch.setattr("time.time", lambda: now + 301)
    alice_client.get("/auth/me")

    assert Session.objects.get().last_used_at > before


def test_what_happened_is_told_to_the_owner(alice):
    sign_in("wrong password")
    client = sign_in(**{"X-Request-ID": "r-7"})
    client.post("/auth/password", CHANGE)
    items = client.get("/auth/me/events").json()["items"]

    assert [item["kind"] for item in items] == ["password_changed", "signed_in", "sign_in_refused"]
    assert items[1]["request_id"] == "r-7"


def test_bob_is_told_nothing_of_it(alice, bob_client):
    sign_in()

    assert [row["kind"] for row in bob_client.get("/auth/me/events").json()["items"]] == []


def test_the_log_cannot_be_changed(alice):
    sign_in()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        SecurityEvent.objects.update(kind="other")


@pytest.mark.parametrize(
    ("password", "code"),
    [("password", "password_too_common"), (" " * 9, "blank_password"), ("alice99x", "password_is_username")],
)
def test_a_poor_password_is_refused(anonymous_client, password, code):
    answer = anonymous_client.post("/auth/register", {"username": "alice99x", "password": password})

    assert [error["code"] for error in answer.json()["errors"]] == [code]


def test_a_password_opens_in_either_normal_form(alice, alice_client):
    alice_client.post("/auth/password", {**CHANGE, "new_password": "Mu\u0308nchen liegt nah"})

    assert sign_in("M\u00fcnchen liegt nah").get("/auth/me").status_code == 200
