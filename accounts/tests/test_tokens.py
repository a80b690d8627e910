"""Refresh and sign-out. The race runs real threads on real connections."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import jwt
import pytest
from django.db import connection, transaction
from rest_framework.exceptions import NotAuthenticated
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import User
from accounts.tests.factories import UserFactory, access_token, refresh_token
from accounts.tokens import TokenNotValid, rotate, sign_in
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


def test_a_refresh_takes_six_statements(anonymous_client, token, django_assert_num_queries):
    with django_assert_num_queries(10):  # blacklist, user; token, blacklist, its row; the new one; savepoints
        anonymous_client.post(REFRESH, {"refresh_token": token})


def test_a_token_whose_row_was_pruned_is_spent_all_the_same(anonymous_client, token):
    OutstandingToken.objects.all().delete()
    anonymous_client.post(LOGOUT, {"refresh_token": token})

    assert anonymous_client.post(REFRESH, {"refresh_token": token}).status_code == 401


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


def test_signing_out_with_an_access_token_or_rubbish_is_an_error(anonymous_client, alice):
    for wrong in (str(access_token(alice)), "rubbish", "a.b.c"):
        response = anonymous_client.post(LOGOUT, {"refresh_token": wrong})
        assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, "/refresh_token")


def test_a_user_deleted_while_signing_in_gets_no_token(alice):
    User.objects.all().delete()

    assert sign_in(alice) is None


def test_a_user_deactivated_meanwhile_changes_nothing(alice):
    User.objects.update(is_active=False)
    with transaction.atomic(), pytest.raises(NotAuthenticated):
        User.objects.locked(alice.pk)


def rotate_at_once(raw, starting_line):
    try:
        starting_line.wait(timeout=30)
        rotate(raw)
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
            wins = list(pool.map(rotate_at_once, [raw] * 16, [starting_line] * 16))
            assert wins.count(True) == 1
