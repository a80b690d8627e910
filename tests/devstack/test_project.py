"""devstack with this very project, in the shortest form a user meets it."""

import os
import signal

import httpx
import psycopg
import pytest

from tests.devstack.checkout import Checkout, make_real_checkout, survivors

ADMIN = {"DJANGO_SUPERUSER_USERNAME": "admin", "DJANGO_SUPERUSER_PASSWORD": "correct horse battery"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory, shared_home):
    root = tmp_path_factory.mktemp("project") / "checkout"
    make_real_checkout(root)
    return Checkout(root, shared_home)


def test_it_serves_takes_an_admin_and_leaves_no_worker_when_the_server_dies(checkout):
    with checkout.up() as up:
        up.is_ready()
        assert httpx.get(f"{up.url}/livez").status_code == 200
        made = checkout.run("manage", "createsuperuser", "--noinput", **ADMIN)
        assert made.returncode == 0, made.stderr
        with psycopg.connect(checkout.urls()["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT is_superuser FROM users").fetchall() == [(True,)]
        family = up.family()
        os.kill(up.pid_of("api"), signal.SIGKILL)

        assert up.process.wait(timeout=20) == 1
        assert survivors(family) == []
