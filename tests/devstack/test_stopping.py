"""How `devstack up` ends when it is asked to."""

import signal

import pytest

from tests.devstack.checkout import survivors


@pytest.fixture
def checkout(shared_checkout):
    """On data that survives from test to test, as it must."""
    return shared_checkout


def test_after_sigterm_it_exits_0_and_no_process_is_left(checkout):
    with checkout.up() as up:
        family = up.is_ready().family()
        up.process.terminate()

        assert up.process.wait(timeout=20) == 0
        assert len(family) > 8  # the API with its worker, Valkey, PostgreSQL with its own
        assert survivors(family) == []


def test_stopped_while_it_starts_it_exits_0_and_no_process_is_left(checkout):
    with checkout.up(SLOW_MANAGE="60") as up:
        family = up.says("bringing the database up to date").family()
        up.process.send_signal(signal.SIGINT)

        assert up.process.wait(timeout=20) == 0
        assert survivors(family) == []


def test_a_second_ctrl_c_is_impatient_and_leaves_nothing_either(checkout):
    with checkout.up(STUBBORN="yes") as up:
        family = up.is_ready().family()
        up.process.send_signal(signal.SIGINT)
        up.says("stopping everything").process.send_signal(signal.SIGINT)

        assert up.process.wait(timeout=8) == 0
        assert "api did not stop within" in up.output()
        assert survivors(family) == []


def test_when_migrating_fails_no_part_is_started_and_it_exits_1(checkout):
    with checkout.up(MANAGE_EXITS_WITH="4") as up:
        assert up.process.wait(timeout=20) == 1

    assert "devstack: manage.py got migrate --no-input --verbosity 0" in up.output()  # what it had to say
    assert "devstack: migrate ended with exit code 4" in up.output()
    assert "api |" not in up.output()
