"""How often people may sign in, sign up, and ask for mails."""

import pytest
from django.test import Client

from accounts.models import User
from accounts.tests.factories import PASSWORD, verified
from conftest import client_of
from taskhub.api.limits import counters

ONE, TWO = ((1, 60),), ((2, 60),)


@pytest.fixture(autouse=True)
def fresh():
    counters().shared.storage.reset()
    yield
    counters().shared.storage.reset()


def sign_in(username="alice", password="wrong", **headers):
    return client_of().post("/auth/login", {"username": username, "password": password}, headers=headers)


def test_whoever_tries_passwords_has_to_wait_also_with_the_right_one(alice, settings):
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO
    answers = [sign_in(), sign_in(" ALICE "), sign_in(password=PASSWORD)]

    assert [answer.status_code for answer in answers] == [401, 401, 429]
    assert 58 <= int(answers[-1]["Retry-After"]) <= 60


def test_a_name_that_nobody_has_is_counted_alike(db, settings):
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO

    assert [sign_in("nobody").status_code for _ in range(3)] == [401, 401, 429]


def test_the_right_password_begins_anew(alice, settings):
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO
    statuses = [sign_in(password=password).status_code for password in ("wrong", PASSWORD, "wrong", "wrong")]

    assert statuses == [401, 200, 401, 401]


def test_strangers_do_not_keep_a_known_device_out(alice, settings):
    token = sign_in(password=PASSWORD).json()["device_token"]
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO
    for _ in range(3):
        sign_in()

    assert sign_in(password=PASSWORD).status_code == 429
    assert sign_in(password=PASSWORD, **{"X-Device-Token": token}).status_code == 200


def test_the_device_of_somebody_else_is_none(alice, bob, settings):
    token = sign_in("bob", PASSWORD).json()["device_token"]
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO
    statuses = [sign_in(**{"X-Device-Token": token}).status_code for _ in range(3)]

    assert statuses == [401, 401, 429]


def test_a_known_device_is_counted_too(alice, settings):
    token = sign_in(password=PASSWORD).json()["device_token"]
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO

    assert [sign_in(**{"X-Device-Token": token}).status_code for _ in range(3)] == [401, 401, 429]


def test_an_address_that_tries_many_names_has_to_wait(db, settings):
    settings.RATE_LIMIT_LOGIN_ADDRESS = TWO

    assert [sign_in(f"name{n}").status_code for n in range(3)] == [401, 401, 429]


def test_the_admin_is_counted_together_with_the_api(boss, settings):
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO
    sign_in("boss")
    answers = [Client().post("/admin/login/", {"username": "boss", "password": "wrong"}) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert "Retry-After" in answers[-1]


def test_a_session_does_not_try_passwords_either(alice_client, settings):
    settings.RATE_LIMIT_LOGIN_ACCOUNT = TWO
    body = {"current_password": "wrong", "new_password": "battery staple"}

    assert [alice_client.post("/auth/password", body).status_code for _ in range(3)] == [400, 400, 429]


def test_sign_ups_are_counted_by_address_of_the_client_and_of_mail(db, settings):
    settings.RATE_LIMIT_REGISTER = TWO
    for n in range(3):
        answer = client_of().post("/auth/register", {"username": f"name{n}", "password": PASSWORD})
    assert (answer.status_code, User.objects.count()) == (429, 2)


def test_asking_for_another_password_is_counted_whoever_has_the_address(alice, settings):
    verified(alice)
    settings.RATE_LIMIT_RESET = ONE
    statuses = []
    for email in ("alice@example.com", "nobody@example.com"):
        counters().shared.storage.reset()
        statuses += [client_of().post("/auth/password/reset", {"email": email}).status_code for _ in range(2)]

    assert statuses == [202, 429] * 2


def test_refreshing_is_counted_by_session_and_forged_tokens_by_address(alice, settings):
    settings.RATE_LIMIT_REFRESH = TWO
    pairs = [sign_in(password=PASSWORD).json() for _ in range(2)]
    refresh = lambda token: client_of().post("/auth/refresh", {"refresh_token": token})  # noqa: E731

    assert [refresh("forged").status_code for _ in range(3)] == [401, 401, 429]
    assert [refresh(pair["refresh_token"]).status_code for pair in pairs] == [200, 200]
