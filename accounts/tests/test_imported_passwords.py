"""Users who came from the FastAPI service sign in with the passwords they have."""

import bcrypt
import pytest
from django.conf import settings as loaded
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password
from django.core.management import call_command
from django.db import connection

from accounts import backends
from accounts.hashers import BcryptHasher
from accounts.models import User
from accounts.tests.factories import PASSWORD

URL = "/auth/login"
LONG = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored"


@pytest.fixture(autouse=True)
def hashers(settings):
    """Those of production."""
    settings.PASSWORD_HASHERS = [hasher for hasher in loaded.PASSWORD_HASHERS if "MD5" not in hasher]


def imported(user, password=PASSWORD, prefix=b"2b"):
    """As passlib hashed it, on a library that read 72 bytes of it."""
    salt = bcrypt.gensalt(4).replace(b"$2b$", b"$" + prefix + b"$")
    user.password = "bcrypt$" + bcrypt.hashpw(password.encode()[:72], salt).decode()
    user.save()
    return user


# Of Openwall's crypt_blowfish, which passlib is tested against too
@pytest.mark.parametrize(
    ("password", "encoded"),
    [
        ("U*U", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        ("", "$2a$05$CCCCCCCCCCCCCCCCCCCCC.7uG0VCzI2bS7j6ymqJi9CdcdxiRTWNy"),
        (LONG, "$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui"),
    ],
)
def test_known_hashes_are_understood(password, encoded):
    assert check_password(password, f"bcrypt${encoded}")
    assert not check_password(f"x{password}", f"bcrypt${encoded}")


@pytest.mark.parametrize("prefix", [b"2a", b"2b", b"2y"])
@pytest.mark.parametrize("password", [PASSWORD, "x" * 100, "пароль" * 10, "short"])
def test_the_old_password_signs_in_and_is_kept_as_argon2id_then(anonymous_client, alice, password, prefix):
    imported(alice, password, prefix)
    response = anonymous_client.post(URL, {"username": "alice", "password": password})
    alice.refresh_from_db()

    assert response.status_code == 200
    assert alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert alice.check_password(password)


def test_renewed_a_long_password_counts_to_its_last_character(anonymous_client, alice):
    imported(alice, "x" * 100)
    anonymous_client.post(URL, {"username": "alice", "password": "x" * 100})

    assert anonymous_client.post(URL, {"username": "alice", "password": "x" * 99}).status_code == 401


def test_a_wrong_password_changes_nothing(anonymous_client, alice):
    before = imported(alice).password
    response = anonymous_client.post(URL, {"username": "alice", "password": "wrong password"})
    alice.refresh_from_db()

    assert (response.status_code, alice.password) == (401, before)


@pytest.fixture
def costs(monkeypatch):
    """Notes each hash that is computed, by its sort."""
    noted = []

    def note(hasher, method):
        original = getattr(hasher, method)
        monkeypatch.setattr(hasher, method, lambda self, *given: noted.append(self.algorithm) or original(self, *given))

    note(Argon2PasswordHasher, "encode"), note(Argon2PasswordHasher, "verify"), note(BcryptHasher, "encode")
    monkeypatch.setattr(backends, "SALT", bcrypt.gensalt(4))
    return noted


def refused(username):
    return authenticate(None, username=username, password="wrong password") is None


@pytest.mark.parametrize("username", ["alice", "bob", "nobody", "unusable"])
def test_a_refusal_costs_the_same_whoever_it_names(alice, bob, costs, username):
    imported(bob), User.objects.create_user("unusable")
    alice.set_password(PASSWORD), alice.save(), costs.clear()

    assert refused(username)
    assert sorted(costs) == ["argon2", "bcrypt"]


def test_without_imported_users_a_refusal_costs_one_argon2id(db, costs):
    assert refused("nobody")
    assert costs == ["argon2"]


def test_to_be_let_in_costs_one_argon2id_while_others_are_imported(alice, bob, costs):
    imported(bob), alice.set_password(PASSWORD), alice.save(), costs.clear()

    assert authenticate(None, username="alice", password=PASSWORD) == alice
    assert costs == ["argon2"]


def test_whether_imported_users_are_left_is_read_from_an_index_of_them(alice):
    imported(alice)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN {backends.BCRYPT_LEFT}")
        assert "users_bcrypt_idx" in str(cursor.fetchall())


def test_a_deactivated_user_cannot_sign_in(anonymous_client, alice):
    alice.is_active = False
    imported(alice)

    assert anonymous_client.post(URL, {"username": "alice", "password": PASSWORD}).status_code == 401


def test_the_admin_signs_in_by_the_same_rule_and_shows_such_a_user(client, alice):
    alice.is_staff = alice.is_superuser = True
    imported(alice)

    assert client.login(username="alice", password=PASSWORD)
    imported(alice), client.force_login(alice)
    assert b"work factor" in client.get(f"/admin/accounts/user/{alice.pk}/change/").content


def test_the_checks_of_django_are_content(db):
    call_command("check", "--fail-level", "INFO", databases=["default"])
