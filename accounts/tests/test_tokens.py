"""Refresh and sign-out. The race runs real threads on real connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import jwt
import pytest
from django.db import connection, transaction
from django.db.models import F
from rest_framework.exceptions import NotAuthenticated

from accounts.authentication import AccessToken
from accounts.client import Client
from accounts.models import Session, User
from accounts.sessions import begin, renew
from accounts.tests.factories import UserFactory, access_token, refresh_token
from accounts.tokens import TokenNotValid
from conftest import client_of

REFRESH, LOGOUT = "/auth/refresh", "/auth/logout"


@pytest.fixture
def token(alice):
    return str(refresh_token(alice))


def expired(user):
    token = refresh_token(user)
    token.set_exp(lifetime=-timedelta(seconds=1))
    return str(token)


def test_a_refresh_token_is_changed_for_a_new_pair(anonymous_client, token):
    pair = anonymous_client.post(REFRESH, {"refresh_token": token})

    assert pair.status_code == 200
    assert client_with(pair.json()["access_token"]).get("/auth/me").json()["username"] == "alice"
    assert anonymous_client.post(REFRESH, {"refresh_token": pair.json()["refresh_token"]}).status_code == 200


def client_with(access_token):
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=f"bearer {access_token}")
    return client


def test_a_refresh_takes_two_statements_in_a_transaction(anonymous_client, token, django_assert_num_queries):
    with django_assert_num_queries(4):  # the session, locked, and its next generation; savepoint and release
        anonymous_client.post(REFRESH, {"refresh_token": token})


def test_a_spent_refresh_token_ends_its_session(anonymous_client, token):
    pair = anonymous_client.post(REFRESH, {"refresh_token": token}).json()
    assert anonymous_client.post(REFRESH, {"refresh_token": token}).status_code == 401

    assert anonymous_client.post(REFRESH, {"refresh_token": pair["refresh_token"]}).status_code == 401
    assert client_with(pair["access_token"]).get("/auth/me").status_code == 401


def test_a_refresh_that_is_sent_again_with_its_key_is_answered_again(anonymous_client, token):
    first, second = (
        anonymous_client.post(REFRESH, {"refresh_token": token}, headers={"Idempotency-Key": "k1"}) for _ in range(2)
    )

    assert second.status_code == 200
    assert second.json()["refresh_token"] == first.json()["refresh_token"]


def test_with_another_key_or_too_late_it_is_a_spent_token(anonymous_client, alice):
    for key, age in (("k2", timedelta()), ("k1", timedelta(minutes=2))):
        token = str(refresh_token(alice))
        anonymous_client.post(REFRESH, {"refresh_token": token}, headers={"Idempotency-Key": "k1"})
        Session.objects.update(renewed_at=F("renewed_at") - age)
        answer = anonymous_client.post(REFRESH, {"refresh_token": token}, headers={"Idempotency-Key": key})
        assert (answer.status_code, Session.objects.count()) == (401, 0)


def test_a_session_ends_after_its_longest_life_however_often_it_is_renewed(alice, token, settings):
    Session.objects.update(created_at=F("created_at") - settings.SESSION_LIFETIME + timedelta(hours=1))
    session = renew(token, None, Client())

    assert session.expires_at - session.created_at == settings.SESSION_LIFETIME
    assert AccessToken.of(session)["exp"] <= session.expires_at.timestamp()


def test_a_spent_refresh_token_is_refused(anonymous_client, token):
    anonymous_client.post(REFRESH, {"refresh_token": token})
    response = anonymous_client.post(REFRESH, {"refresh_token": token})

    assert (response.status_code, response.json()["code"]) == (401, "token_not_valid")
    assert response["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("bad", ["", "x", "a.b.c", "ä.ö.ü", "." * 9])
def test_what_is_no_token_is_not_refreshed(anonymous_client, bad):
    assert anonymous_client.post(REFRESH, {"refresh_token": bad}).status_code == (401 if bad else 400)


def test_an_access_token_is_not_a_refresh_token(anonymous_client, alice):
    assert anonymous_client.post(REFRESH, {"refresh_token": str(access_token(alice))}).status_code == 401


def test_an_expired_refresh_token_is_refused(anonymous_client, alice):
    assert anonymous_client.post(REFRESH, {"refresh_token": expired(alice)}).status_code == 401


@pytest.mark.parametrize("gone", [{"is_active": False}, None])
def test_a_deactivated_or_deleted_user_gets_no_new_pair(anonymous_client, alice, token, gone):
    User.objects.update(**gone) if gone else alice.delete()

    assert anonymous_client.post(REFRESH, {"refresh_token": token}).status_code == 401


def test_signing_out_kills_the_refresh_token(anonymous_client, token):
    response = anonymous_client.post(LOGOUT, {"refresh_token": token})

    assert (response.status_code, response.content) == (204, b"")
    assert anonymous_client.post(REFRESH, {"refresh_token": token}).status_code == 401


def test_signing_out_twice_or_late_or_with_a_forgery_is_no_error(anonymous_client, alice, token):
    forged = jwt.encode({"token_type": "refresh", "jti": "1", "sub": "2"}, "k" * 32)
    for dead in (token, token, expired(alice), forged):
        assert anonymous_client.post(LOGOUT, {"refresh_token": dead}).status_code == 204


def test_signing_out_with_a_spent_token_ends_the_session_too(anonymous_client, token):
    pair = anonymous_client.post(REFRESH, {"refresh_token": token}).json()
    anonymous_client.post(LOGOUT, {"refresh_token": token})

    assert client_with(pair["access_token"]).get("/auth/me").status_code == 401
    assert anonymous_client.post(REFRESH, {"refresh_token": pair["refresh_token"]}).status_code == 401


def test_signing_out_with_an_access_token_or_rubbish_is_an_error(anonymous_client, alice):
    for wrong in (str(access_token(alice)), "rubbish", "a.b.c"):
        response = anonymous_client.post(LOGOUT, {"refresh_token": wrong})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/refresh_token")


def test_a_user_deleted_while_signing_in_gets_no_token(alice):
    User.objects.all().delete()

    assert begin(alice, Client()) is None


def test_a_user_deactivated_meanwhile_changes_nothing(alice):
    User.objects.update(is_active=False)
    with transaction.atomic(), pytest.raises(NotAuthenticated):
        User.objects.locked(alice.pk)


def renew_at_once(raw, starting_line):
    try:
        starting_line.wait(timeout=30)
        renew(raw, None, Client())
    except TokenNotValid:
        return False
    else:
        return True
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_sixteen_concurrent_refreshes_exactly_one_wins():
    alice = UserFactory()
    with ThreadPoolExecutor(16) as pool:
        for _ in range(20):
            raw, starting_line = str(refresh_token(alice)), Barrier(16)
            wins = list(pool.map(renew_at_once, [raw] * 16, [starting_line] * 16))
            assert wins.count(True) == 1
