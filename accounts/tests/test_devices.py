"""A sign-in from a device that was not used before is told to the owner."""

import pytest
from django.core import mail
from django.utils import timezone

from accounts.handlers import send_security_notice
from accounts.models import SecurityEvent, User
from accounts.tests.factories import PASSWORD, verified
from conftest import client_of
from jobs.tests.factories import jobs_of


@pytest.fixture
def alice(alice):
    alice.last_login = timezone.now()
    return verified(alice)


def sign_in(**headers):
    return client_of().post("/auth/login", {"username": "alice", "password": PASSWORD}, headers=headers).json()


def notices():
    return jobs_of("security_notice")


def test_an_unknown_device_is_told_and_a_known_one_is_not(alice):
    token = sign_in()["device_token"]
    assert notices().count() == 1
    sign_in(**{"X-Device-Token": token})

    assert notices().count() == 1


def test_the_first_sign_in_of_an_account_is_not_told(alice):
    User.objects.update(last_login=None)
    sign_in()

    assert not notices().exists()


def test_without_a_verified_address_there_is_no_mail_and_no_job(alice):
    User.objects.update(email_verified_at=None)
    sign_in()

    assert not notices().exists()


@pytest.mark.parametrize("token", ["", "x", "WyJ4Il0:1:x"])
def test_a_forged_token_makes_no_known_device(alice, token):
    sign_in(**{"X-Device-Token": token})

    assert notices().count() == 1


def test_the_token_of_somebody_else_makes_no_known_device(alice, bob):
    token = client_of().post("/auth/login", {"username": "bob", "password": PASSWORD}).json()["device_token"]
    sign_in(**{"X-Device-Token": token})

    assert notices().count() == 1


def test_when_access_ends_for_all_no_device_is_known_any_more(alice):
    token = sign_in()["device_token"]
    User.objects.update(access_version=2)
    sign_in(**{"X-Device-Token": token})

    assert notices().count() == 2


def test_the_mail_says_when_and_from_where_and_not_what_the_device_calls_itself(alice):
    sign_in(**{"User-Agent": "Pay at evil.example"})
    send_security_notice(notices().get())
    (message,) = mail.outbox

    assert (message.subject, message.to) == ("Security of your TaskHub account", ["alice@example.com"])
    assert f"{SecurityEvent.objects.get().created_at:%Y-%m-%d %H:%M:%S} UTC" in message.body
    assert "127.0.0.1" in message.body
    assert "evil" not in message.message().as_string()


def test_many_sign_ins_do_not_keep_a_new_password_from_being_told(alice):
    for _ in range(7):
        sign_in()
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {sign_in()['access_token']}")
    client.post("/auth/password", {"current_password": PASSWORD, "new_password": "battery staple horse"})
    sent = [send_security_notice(job)["sent"] for job in notices().order_by("created_at")]

    assert sent == [True] * 5 + [False] * 3 + [True]
