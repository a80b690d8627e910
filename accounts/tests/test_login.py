import time

import pytest
from django.utils import timezone

from accounts.models import Session, User
from accounts.tests.factories import PASSWORD

URL = "/auth/login"


@pytest.mark.parametrize("format", ["json", "multipart"])
def test_the_right_password_gives_a_token_pair(anonymous_client, alice, format):
    response = anonymous_client.post(URL, {"username": "alice", "password": PASSWORD}, format=format)

    assert response.status_code == 200
    assert list(response.json()) == ["access_token", "refresh_token", "token_type", "expires_in", "device_token"]
    assert (response.json()["token_type"], response.json()["expires_in"]) == ("bearer", 900)
    assert response["Cache-Control"] == "no-store"


def test_a_name_that_would_take_minutes_to_normalize_is_refused_at_once(anonymous_client):
    response = anonymous_client.post(URL, {"username": "a" + "\u0315\u0300" * 1_000, "password": "x"})

    assert response.status_code == 401


def sign_in_by_form(client, form):
    return client.generic("POST", URL, form, content_type="application/x-www-form-urlencoded")


def test_the_oauth2_form_signs_in_and_its_other_fields_are_ignored(anonymous_client, alice):
    form = f"grant_type=password&username=alice&password={PASSWORD}&scope=&client_id=&client_secret="

    assert sign_in_by_form(anonymous_client, form).status_code == 200


@pytest.mark.parametrize("username", ["ALICE", " alice ", "ａｌｉｃｅ"])
def test_the_name_is_found_in_any_case_and_spelling(anonymous_client, alice, username):
    assert anonymous_client.post(URL, {"username": username, "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    ("username", "password"), [("alice", "wrong password"), ("nobody", PASSWORD), ("x" * 500, PASSWORD)]
)
def test_wrong_credentials_are_one_401_whatever_is_wrong(anonymous_client, alice, username, password):
    response = anonymous_client.post(URL, {"username": username, "password": password})

    assert (response.status_code, response.json()["code"]) == (401, "invalid_credentials")
    assert response.json()["detail"] == "Invalid username or password"
    assert response["WWW-Authenticate"] == "Bearer"


def cpu_seconds(client, username):
    """Of a sign-in with a wrong password: the least of five."""
    times = []
    for _ in range(5):
        started = time.thread_time()
        assert client.post(URL, {"username": username, "password": "wrong password"}).status_code == 401
        times.append(time.thread_time() - started)
    return min(times)


def test_how_long_it_takes_does_not_tell_whether_a_name_exists(anonymous_client, alice, bob, settings):
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2idHasher"]
    alice.set_password(PASSWORD)
    alice.save()
    User.objects.filter(pk=bob.pk).update(password=alice.password, is_active=False)
    known, deactivated, unknown = (cpu_seconds(anonymous_client, name) for name in ("alice", "bob", "nobody"))

    assert 0.5 < unknown / known < 2
    assert 0.5 < deactivated / known < 2


def test_a_deactivated_user_cannot_sign_in(anonymous_client, alice):
    User.objects.update(is_active=False)

    assert anonymous_client.post(URL, {"username": "alice", "password": PASSWORD}).status_code == 401


def test_signing_in_is_remembered(anonymous_client, alice):
    before = timezone.now()
    anonymous_client.post(URL, {"username": "alice", "password": PASSWORD})
    alice.refresh_from_db()

    assert alice.last_login >= before


@pytest.mark.parametrize("form", ["username=alice&username=bob&password=x", "username=alice%00&password=x"])
def test_an_ambiguous_form_is_refused(anonymous_client, form):
    response = sign_in_by_form(anonymous_client, form)

    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")


def test_a_form_with_thousands_of_fields_is_refused(anonymous_client):
    response = sign_in_by_form(anonymous_client, "&".join(f"f{n}=1" for n in range(2000)))

    assert (response.status_code, response.json()["code"]) == (400, "malformed_body")


def test_a_missing_password_is_named(anonymous_client):
    response = anonymous_client.post(URL, {"username": "alice"})

    assert response.json()["errors"][0]["pointer"] == "/password"


def test_an_old_hash_is_renewed_at_sign_in(anonymous_client, alice, settings):
    settings.PASSWORD_HASHERS = ["accounts.hashers.Argon2idHasher", "django.contrib.auth.hashers.MD5PasswordHasher"]
    assert alice.password.startswith("md5$")
    anonymous_client.post(URL, {"username": "alice", "password": PASSWORD})
    alice.refresh_from_db()

    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")


def test_signing_in_takes_six_statements(anonymous_client, alice, django_assert_num_queries):
    with django_assert_num_queries(
        8
    ):  # the user and the second factor; last_login, the session and its event in a transaction
        anonymous_client.post(URL, {"username": "alice", "password": PASSWORD})


def test_no_token_is_kept_in_the_database(anonymous_client, alice):
    answer = anonymous_client.post(URL, {"username": "alice", "password": PASSWORD})

    kept = str(list(Session.objects.values()))
    assert not any(token in kept for token in answer.json().values() if isinstance(token, str) and len(token) > 40)
