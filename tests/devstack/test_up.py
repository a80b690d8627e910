"""`devstack up` while it runs, and what other commands make of it."""

import socket
import stat

import psycopg
import pytest
import redis

from tests.devstack.checkout import Checkout


@pytest.fixture(scope="module")
def checkout(shared_checkout):
    return shared_checkout


@pytest.fixture(scope="module")
def up(checkout):
    with checkout.up(SECRET="seen by all") as up:
        yield up.is_ready()


def test_the_last_it_says_is_where_to_go(up):
    last = up.output().partition(f"READY {up.url}\n")[2]

    assert all(f"{up.url}{path}\n" in last for path in ("/docs", "/admin/"))
    assert "python3 -m devstack manage createsuperuser\n" in last


def test_it_is_ready_only_when_the_worker_is(home, root):
    with Checkout(root, home).up(SLOW_WORKER="1") as up:
        told = up.is_ready().output()

    assert told.index("celery@here ready.") < told.index("READY")


def test_each_step_is_one_line(up):
    steps = [line for line in up.output().partition("READY")[0].splitlines() if line.startswith("devstack")]

    assert [step.partition(" listens")[0] for step in steps] == [
        "devstack: postgres",
        "devstack: valkey",
        "devstack: bringing the database up to date",
    ]


def test_lines_of_a_part_carry_its_name(up):
    assert f"      api | started with --host 127.0.0.1 --port {up.port}\n" in up.output()


def test_a_second_up_says_where_the_first_runs_and_exits_3(up, checkout):
    second = checkout.run("up")

    assert (second.returncode, second.stdout) == (3, "")
    assert f"already running: {up.url}" in second.stderr


def test_env_prints_urls_that_work(up, checkout):
    urls = checkout.urls()

    with psycopg.connect(urls["DATABASE_URL"]) as connection, redis.from_url(urls["REDIS_URL"]) as client:
        assert connection.execute("SELECT current_database(), current_user").fetchone() == ("taskhub", "taskhub_app")
        assert client.ping()


def test_manage_uses_the_servers_that_run_and_passes_on_the_exit_code(up, checkout):
    managed = checkout.run("manage", "exit", "7")

    assert managed.returncode == 7
    assert managed.stdout == f"manage.py got exit 7 {checkout.urls()['DATABASE_URL']}\n"


def test_what_tells_a_password_is_private(up, checkout):
    passwords = [url.split(":")[2].split("@")[0].encode() for url in checkout.urls().values()]
    tellers = [
        path
        for path in checkout.home.rglob("*")
        # The stand-in for manage.py prints what it got.
        if path.is_file() and path != up.log and any(password in path.read_bytes() for password in passwords)
    ]

    assert {path.name for path in tellers} == {"running.json", "password", "application_password", "valkey.conf"}
    assert {stat.S_IMODE(path.stat().st_mode) for path in tellers} == {0o600}


def test_what_it_keeps_is_for_nobody_else_to_read(up, checkout):
    """Though root's PostgreSQL, which runs under another account, must get through the folder."""
    modes = {path: stat.S_IMODE(path.lstat().st_mode) for path in checkout.home.rglob("*") if path != up.log}

    assert [path for path, mode in modes.items() if mode & 0o066] == []


def test_servers_listen_on_loopback_only(up, checkout):
    ports = [int(url.rpartition(":")[2].partition("/")[0]) for url in checkout.urls().values()]

    for port in ports:
        with socket.socket() as probe:
            probe.bind(("127.0.0.2", port))
