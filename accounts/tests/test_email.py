"""An address is verified, changed, and used to set another password."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts import mailed
from accounts.mailed import Purpose
from accounts.models import MailedToken, SecurityEvent, Session, User
from accounts.tests.factories import PASSWORD, UserFactory, verified
from conftest import client_of
from jobs.tests.factories import jobs_of

NEW = "battery staple horse"


def verify(token):
    return client_of().post("/auth/email/verify", {"token": token})


def ask_reset(email="alice@example.com"):
    return client_of().post("/auth/password/reset", {"email": email})


def confirm(token, password=NEW):
    return client_of().post("/auth/password/reset/confirm", {"token": token, "new_password": password})


@pytest.fixture
def with_address(alice):
    alice.email = "alice@example.com"
    alice.save()
    return alice


@pytest.fixture
def reset_token(alice):
    return mailed.new_token(verified(alice), Purpose.RESET)


def test_the_token_of_a_mail_verifies_the_address_once(with_address, alice_client):
    before = alice_client.get("/auth/me").json()["version"]
    token = mailed.new_token(with_address, Purpose.VERIFY)

    assert [verify(token).status_code for _ in range(2)] == [204, 400]
    account = alice_client.get("/auth/me").json()
    assert (account["email_verified_at"] is not None, account["version"]) == (True, before + 1)


@pytest.mark.parametrize(
    "change",
    [
        {"email": "other@example.com"},
        {"email": "alice@example.com", "is_active": False},
    ],
)
def test_it_is_not_good_for_another_address_nor_once_the_account_is_inactive(with_address, change):
    token = mailed.new_token(with_address, Purpose.VERIFY)
    User.objects.update(**change)

    assert (verify(token).json()["code"], User.objects.get().email_verified_at) == ("invalid_token", None)


def test_it_is_good_for_a_day(with_address):
    token = mailed.new_token(with_address, Purpose.VERIFY)
    MailedToken.objects.update(expires_at=timezone.now())

    assert verify(token).status_code == 400


def test_a_token_that_resets_does_not_verify(with_address, reset_token):
    User.objects.update(email_verified_at=None)

    assert verify(reset_token).status_code == 400


@pytest.mark.parametrize("token", ["", "x" * 101, "\x00", 7, None, [], {}])
def test_what_is_no_token_is_named(db, token):
    answer = verify(token)

    assert (answer.status_code, answer.json()["code"]) in [(400, "validation_error"), (400, "malformed_body")]


def test_the_mail_is_sent_again_by_a_job_that_its_owner_sees(with_address, alice_client):
    answer = alice_client.post("/auth/email/verify/resend")

    assert answer.status_code == 202
    assert alice_client.get(f"/jobs/{answer.json()['job_id']}").json()["kind"] == "verify_email"


def test_a_new_address_gets_a_mail_and_the_verified_one_is_told(alice, alice_client):
    verified(alice)
    alice_client.patch("/auth/me", {"email": "new@example.com"})

    assert jobs_of("verify_email").exists()
    assert jobs_of("security_notice").get().payload["email"] == "alice@example.com"


def test_an_unverified_address_is_left_without_a_mail(with_address, alice_client):
    alice_client.patch("/auth/me", {"email": None})

    assert not jobs_of("security_notice").exists()


def test_to_leave_a_verified_address_needs_a_recent_sign_in(alice, alice_client):
    verified(alice)
    Session.objects.update(signed_in_at=timezone.now() - timedelta(minutes=11))

    assert alice_client.patch("/auth/me", {"email": None}).json()["code"] == "sign_in_again"
    assert alice_client.patch("/auth/me", {"name": "Alice"}).status_code == 200


@pytest.mark.parametrize("email", ["alice@example.com", "ALICE@example.com", "unverified@example.com", "x@example.com"])
def test_asking_for_another_password_is_always_answered_alike(alice, email, django_assert_num_queries):
    verified(alice)
    UserFactory(email="unverified@example.com")
    with django_assert_num_queries(4):  # a job in a transaction, whoever has the address
        answer = ask_reset(email)

    assert (answer.status_code, answer.content) == (202, b"")
    wanted = str(alice.pk) if email.lower() == "alice@example.com" else None
    assert jobs_of("password_reset").get().payload == {"user_id": wanted}


def test_the_token_sets_another_password_once(alice, reset_token):
    assert confirm(reset_token).status_code == 204
    assert confirm(reset_token, "another battery").status_code == 400
    answers = [client_of().post("/auth/login", {"username": "alice", "password": p}) for p in (NEW, PASSWORD)]
    assert [answer.status_code for answer in answers] == [200, 401]


def test_all_sessions_end_with_it_and_the_owner_is_told(alice, alice_client, reset_token):
    confirm(reset_token)

    assert alice_client.get("/auth/me").status_code == 401
    assert jobs_of("security_notice").exists()
    assert SecurityEvent.objects.get().kind == "password_reset"


@pytest.mark.parametrize("password", ["alice", "password", "        ", "short", "x" * 129])
def test_a_poor_password_is_refused_and_spends_nothing(alice, reset_token, password):
    assert confirm(reset_token, password).json()["errors"][0]["pointer"] == "/new_password"
    assert confirm(reset_token).status_code == 204


def test_one_use_spends_all_tokens_that_went_out(alice, reset_token):
    other = mailed.new_token(alice, Purpose.RESET)
    confirm(reset_token)

    assert confirm(other, "another battery").status_code == 400


@pytest.mark.parametrize("change", [{"is_active": False}, {"access_version": 2}, {"email": "b@example.com"}])
def test_what_ends_access_ends_its_tokens(alice, reset_token, change):
    User.objects.update(**change)

    assert confirm(reset_token).json()["code"] == "invalid_token"


def test_no_token_is_kept(alice, reset_token):
    assert reset_token not in str(list(MailedToken.objects.values()))


def test_opening_a_link_spends_nothing(alice, reset_token):
    for page in ("/verify-email", "/reset-password"):
        assert client_of().get(page).status_code == 200
    assert MailedToken.objects.exists()
