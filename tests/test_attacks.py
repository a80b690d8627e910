"""Strangers who ask as much as they can, and what others notice of it. benchmarks/attack.py has the figures."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from uuid import uuid4

import httpx
import pytest

from devstack.service import ROOT, wait_until

SECONDS = "3"


@pytest.fixture(scope="module")
def service(service):
    """With real hashes of passwords, which tests otherwise do without."""
    service.stop()
    service.serve(TASKHUB_ENV="development")
    yield service
    service.stop()
    service.serve()


def attackers(service):
    command = [sys.executable, "-m", "benchmarks.attackers", str(service.port), SECONDS]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_while_64_strangers_try_passwords_nobody_else_is_refused(service):
    with service.signed_up("honest") as client, attackers(service) as attack:
        statuses = set()
        while attack.poll() is None:
            statuses |= {client.get(path).status_code for path in ("/livez", "/tasks/")}
        answers = json.loads(attack.stdout.read())

    assert statuses == {200}
    assert answers.keys() == {"401", "429"}


def sign_up(service):
    with service.client() as client:
        body = {"username": f"n{uuid4().hex[:20]}", "password": "correct horse battery"}
        return client.post("/auth/register", json=body).status_code


def test_four_who_sign_up_at_once_are_never_refused(service):
    """Though all come to one process."""
    service.stop()
    service.serve(TASKHUB_ENV="development", WEB_WORKERS="1")
    with ThreadPoolExecutor(4) as pool:
        statuses = [set(pool.map(sign_up, [service] * 4)) for _ in range(5)]
    service.stop()
    service.serve(TASKHUB_ENV="development")

    assert statuses == [{201}] * 5


def leave(service, n):
    """Asks to sign in, and does not wait for the answer."""
    with suppress(httpx.TimeoutException):
        httpx.post(f"{service.url}/auth/login", json={"username": f"left{n}", "password": "x"}, timeout=0.05)


def test_after_hundreds_have_left_without_their_answers_the_server_is_there(service):
    with ThreadPoolExecutor(60) as pool:
        list(pool.map(lambda n: leave(service, n), range(300)))
    wait_until(lambda: service.answers("/readyz"), seconds=5)

    assert sign_up(service) == 201
