import jwt
import pytest
from django.conf import settings

from accounts.models import User
from accounts.tests.factories import access_token, refresh_token
from conftest import client_of


def answer_to(header):
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=header)
    return client.get("/auth/me")


def signed(claims, headers=None, secret=None, algorithm="HS256"):
    kid, own = next(iter(settings.JWT_SIGNING_KEYS.items()))
    return jwt.encode(claims, secret or own, algorithm=algorithm, headers=headers or {"kid": kid})


def bad_tokens(user):
    claims = access_token(user).payload
    yield "refresh token", str(refresh_token(user))
    yield "expired", signed({**claims, "exp": 1})
    yield "of a clock a minute ahead", signed({**claims, "iat": claims["iat"] + 60})
    yield "no expiry", signed({name: claims[name] for name in claims if name != "exp"})
    yield "forged", signed(claims, secret="f" * 32)
    yield "unknown key", signed(claims, headers={"kid": "other"})
    yield "key that is no name", signed(claims).replace("eyJ", "eyK", 1)
    yield "no key named", jwt.encode(claims, next(iter(settings.JWT_SIGNING_KEYS.values())))
    yield "unsigned", jwt.encode(claims, None, algorithm="none", headers={"kid": "local"})
    yield "empty", ""
    yield "not a token", "x.y.z"
    yield "not ASCII", "ä"


def test_every_bad_token_gets_the_same_answer(alice):
    answers = {name: answer_to(f"Bearer {token}") for name, token in bad_tokens(alice)}
    bodies = {name: {**answer.json(), "request_id": ""} for name, answer in answers.items()}
    assert {answer.status_code for answer in answers.values()} == {401}
    assert all(answer["WWW-Authenticate"].startswith('Bearer error="invalid_token", ') for answer in answers.values())
    assert len({str(body) for body in bodies.values()}) == 1
    assert bodies["expired"]["code"] == "not_authenticated"


@pytest.mark.parametrize("header", ["", "Basic YWxpY2U6eA=="])
def test_without_a_token_nothing_is_said_about_one(db, header):
    answer = answer_to(header)

    assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
    assert answer["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_has_no_case(alice, scheme):
    assert answer_to(f"{scheme} {access_token(alice)}").status_code == 200


def test_a_session_of_the_admin_is_no_way_into_the_api(alice, client):
    client.force_login(alice)

    assert client.get("/auth/me").status_code == 401


def test_a_deactivated_user_is_out_at_once(alice_client):
    User.objects.update(is_active=False)

    assert alice_client.get("/auth/me").status_code == 401


def test_a_deleted_user_is_out_at_once(alice, alice_client):
    alice.delete()

    assert alice_client.get("/auth/me").status_code == 401


def test_a_token_of_a_retired_key_that_still_verifies_is_good(alice, settings):
    raw = str(access_token(alice))
    settings.JWT_SIGNING_KEYS = {"new": "n" * 32, **settings.JWT_SIGNING_KEYS}

    assert jwt.get_unverified_header(str(access_token(alice)))["kid"] == "new"
    assert answer_to(f"Bearer {raw}").status_code == 200


def test_keys_are_replaced_and_nobody_is_signed_out(alice, settings):
    """The steps of docs/SECURITY.md, "Changing keys". At each, the client has the tokens of the step before."""
    (old, secret), *_ = settings.JWT_SIGNING_KEYS.items()
    both = {old: secret, "new": "n" * 32}
    pair = {"access_token": str(access_token(alice)), "refresh_token": str(refresh_token(alice))}
    for keys in (both, dict(reversed(both.items())), {"new": "n" * 32}):
        settings.JWT_SIGNING_KEYS = keys
        pair = client_of().post("/auth/refresh", {"refresh_token": pair["refresh_token"]}).json()

        assert answer_to(f"Bearer {pair['access_token']}").status_code == 200


def test_a_token_of_a_removed_key_is_refused(alice, settings):
    raw = str(access_token(alice))
    settings.JWT_SIGNING_KEYS = {"new": "n" * 32}

    assert answer_to(f"Bearer {raw}").status_code == 401


def test_the_user_check_is_one_statement(alice_client, django_assert_num_queries):
    with django_assert_num_queries(1):
        alice_client.get("/auth/me")
