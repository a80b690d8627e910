"""How many passwords are hashed at once."""

import threading
import time

import pytest

from accounts.hashers import Argon2idHasher, BcryptHasher
from accounts.hashing import LONGEST_WAIT, Gate, gate
from conftest import client_of
from taskhub.api import arrived
from taskhub.api.limits import RateLimited


@pytest.fixture(autouse=True)
def now():
    token = arrived.set(time.monotonic())
    yield
    arrived.reset(token)


def test_who_finds_all_places_taken_is_refused_at_once():
    gate = Gate(at_once=1, places=1)
    started = time.monotonic()
    with gate.passed(), pytest.raises(RateLimited), gate.passed():
        pass

    assert time.monotonic() - started < 1


def test_others_wait_for_their_turn():
    gate, done = Gate(at_once=1, places=2), []

    def hash_later():
        with gate.passed():
            done.append("second")

    with gate.passed():
        thread = threading.Thread(target=hash_later)
        thread.start()
        done.append("first")
    thread.join()

    assert done == ["first", "second"]


def test_what_has_waited_too_long_is_not_hashed():
    arrived.set(time.monotonic() - LONGEST_WAIT)

    with pytest.raises(RateLimited), Gate(at_once=1, places=1).passed():
        raise AssertionError("was let through")


def test_a_failure_leaves_its_place():
    gate = Gate(at_once=1, places=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), gate.passed():
            _ = 1 / 0


@pytest.mark.parametrize("hasher", [Argon2idHasher, BcryptHasher])
def test_every_hash_passes_the_gate_once(hasher, monkeypatch):
    passed = []
    monkeypatch.setattr(Gate, "passed", lambda self: passed.append(self) or threading.Lock())
    encoded = hasher().encode("correct horse", hasher().salt())
    hasher().verify("correct horse", encoded)

    assert passed == [gate] * 2


def test_a_refusal_is_a_429_that_says_when(alice, monkeypatch):
    def busy(self):
        raise RateLimited(1, "The server is busy with other passwords.")

    monkeypatch.setattr(Gate, "passed", busy)
    monkeypatch.setattr("django.contrib.auth.hashers.MD5PasswordHasher.verify", lambda *args: busy(None))
    answer = client_of().post("/auth/login", {"username": "alice", "password": "x"})

    assert (answer.status_code, answer["Retry-After"], answer.json()["code"]) == (429, "1", "rate_limited")
