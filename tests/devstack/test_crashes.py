"""What is left when `devstack up` is killed, and what it does when something it runs dies."""

import os
import signal

import psutil
import psycopg
import pytest

from devstack.service import wait_until
from tests.devstack.checkout import survivors


@pytest.fixture
def checkout(shared_checkout):
    """On data that survives from test to test, as it must."""
    return shared_checkout


def test_killed_it_leaves_no_orphan_and_the_next_up_finds_the_data(checkout):
    with checkout.up() as up:
        family = up.is_ready().family()
        with psycopg.connect(checkout.owner_url(), autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
        up.process.kill()
        wait_until(lambda: not survivors(family))

    with checkout.up() as again:
        again.is_ready()
        with psycopg.connect(checkout.owner_url()) as connection:
            assert connection.execute("SELECT answer FROM kept").fetchone() == (42,)


@pytest.mark.parametrize("name", ["api", "postgres", "valkey"])
def test_when_something_dies_it_is_named_and_the_rest_stopped_and_it_exits_1(checkout, name):
    with checkout.up() as up:
        family = up.is_ready().family()
        os.kill(up.pid_of(name), signal.SIGKILL)

        assert up.process.wait(timeout=20) == 1
        assert f"devstack: {name} was killed by SIGKILL; stopping everything else\n" in up.output()
        assert survivors(family) == []


def test_workers_whose_server_died_with_the_supervisor_are_ended_by_the_next_up(checkout):
    with checkout.up() as up:
        api = up.is_ready().pid_of("api")
        workers = psutil.Process(api).children(recursive=True)
        up.process.send_signal(signal.SIGSTOP)
        os.kill(api, signal.SIGKILL)
        up.process.kill()
    assert survivors(workers)

    with checkout.up(port=up.port) as again:
        again.is_ready()
        assert survivors(workers) == []
