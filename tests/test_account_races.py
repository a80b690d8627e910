"""Whoever ends access wins, whatever else happens at the same moment. Against the real server."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg
import pytest

PASSWORD = "correct horse battery"
MAILED = """INSERT INTO mailed_token (digest, owner_id, purpose, email, access_version, expires_at)
    SELECT %(digest)s, id, %(purpose)s, email, access_version, now() + '1 hour' FROM users WHERE username = %(name)s"""


@pytest.fixture
def database(service):
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        yield database


def at_once(*calls):
    with ThreadPoolExecutor(len(calls)) as pool:
        return [future.result() for future in [pool.submit(call) for call in calls]]


def sign_up(client, **details):
    name = f"race_{uuid4().hex[:12]}"
    client.post("/auth/register", json={"username": name, "password": PASSWORD, **details}).raise_for_status()
    return name


def sign_in(client, name, password=PASSWORD):
    return client.post("/auth/login", json={"username": name, "password": password})


def mailed_token(database, name, purpose):
    """As the worker makes one."""
    raw = uuid4().hex
    digest = hashlib.sha256(raw.encode()).digest()
    database.execute(MAILED, {"digest": digest, "purpose": purpose, "name": name})
    return raw


def is_let_in(client, pair):
    return client.get("/auth/me", headers={"Authorization": f"Bearer {pair['access_token']}"}).status_code == 200


def test_a_refresh_at_the_moment_of_signing_out_leaves_no_session(service):
    with service.client() as client:
        name = sign_up(client)
        for _ in range(10):
            pair = sign_in(client, name).json()
            sent = {"refresh_token": pair["refresh_token"]}
            refreshed, _ = at_once(
                lambda sent=sent: client.post("/auth/refresh", json=sent),
                lambda sent=sent: client.post("/auth/logout", json=sent),
            )
            assert not is_let_in(client, pair)
            assert refreshed.status_code == 401 or not is_let_in(client, refreshed.json())


def test_a_sign_in_with_the_old_password_does_not_outlive_its_reset(service, database):
    with service.client() as client:
        name = sign_up(client, email=f"{uuid4().hex}@example.com")
        database.execute("UPDATE users SET email_verified_at = now() WHERE username = %s", [name])
        sent = {"token": mailed_token(database, name, "reset"), "new_password": "battery staple horse"}
        reset, *sign_ins = at_once(
            lambda: client.post("/auth/password/reset/confirm", json=sent), *[lambda: sign_in(client, name)] * 12
        )

        assert reset.status_code == 204
        assert {answer.status_code for answer in sign_ins} <= {200, 401}
        assert not [answer for answer in sign_ins if answer.is_success and is_let_in(client, answer.json())]


def test_of_two_accounts_that_verify_one_address_at_once_one_has_it(service, database):
    with service.client() as client:
        for _ in range(5):
            address = f"{uuid4().hex}@example.com"
            names = [sign_up(client, email=address) for _ in range(2)]
            tokens = [mailed_token(database, name, "verify") for name in names]
            answers = at_once(
                *(lambda raw=raw: client.post("/auth/email/verify", json={"token": raw}) for raw in tokens)
            )

            assert sorted(answer.status_code for answer in answers) == [204, 409]


def test_of_one_token_sent_many_times_at_once_one_is_taken(service, database):
    with service.client() as client:
        name = sign_up(client, email=f"{uuid4().hex}@example.com")
        sent = {"token": mailed_token(database, name, "verify")}
        answers = at_once(*[lambda: client.post("/auth/email/verify", json=sent)] * 8)

        assert sorted(answer.status_code for answer in answers) == [204] + [400] * 7


def test_of_one_code_sent_many_times_at_once_one_signs_in(service):
    import pyotp

    with service.client() as client:
        name = sign_up(client)
        client.headers["Authorization"] = f"Bearer {sign_in(client, name).json()['access_token']}"
        secret = client.post("/auth/second-factor").json()["secret"]
        recovery = client.post("/auth/second-factor/confirm", json={"code": pyotp.TOTP(secret).now()}).json()
        code = recovery["recovery_codes"][0]
        challenge = sign_in(client, name).json()["challenge"]
        answers = at_once(
            *[lambda: client.post("/auth/login/second-factor", json={"challenge": challenge, "code": code})] * 4
        )

        assert sorted(answer.status_code for answer in answers) == [200] + [401] * 3
