"""When the checker may look: whoever sleeps has woken, and every job is finished."""

import signal
import sys
import time
from itertools import repeat
from types import SimpleNamespace

import pytest

from devstack.chaos import nemesis
from devstack.chaos.nemesis import Nemesis
from devstack.chaos.parts import Part, send
from devstack.service import wait_until

# Halts as a frozen worker does, and has its effect a little after it woke
LATE = """if True:
    import os, pathlib, signal, sys, time
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(0.3)
    pathlib.Path(sys.argv[1]).write_text("late")
    signal.pause()
"""


@pytest.fixture(autouse=True)
def pace(monkeypatch):
    monkeypatch.setattr(nemesis, "LONGER_THAN_A_LEASE", 0.2)
    monkeypatch.setattr(nemesis, "TIME_LIMIT", 0.1)


@pytest.fixture
def effect(tmp_path):
    return tmp_path / "effect"


@pytest.fixture
def sleeper(tmp_path, effect):
    part = Part("late", [sys.executable, "-c", LATE, str(effect)], {}, tmp_path)
    wait_until(part.stopped)
    yield part
    send(part.pid, signal.SIGKILL)
    part.process.wait()


def stage(*parts, unfinished=()):
    """Of which these numbers of jobs are unfinished, one after the other, and then none."""
    left = iter(unfinished)
    return SimpleNamespace(
        parts=parts,
        workers=[],
        nudge=lambda: None,
        progress=lambda: SimpleNamespace(unfinished=next(left, 0)),
        left=left,
    )


def test_an_effect_of_the_worker_that_wakes_last_is_waited_for(sleeper, effect, monkeypatch):
    monkeypatch.setattr(nemesis, "TIME_LIMIT", 2.0)
    assert not effect.exists()

    Nemesis(stage(sleeper), seed=1).rest()

    assert effect.read_text() == "late"


def test_jobs_that_the_last_one_to_wake_left_unfinished_are_waited_for():
    under_work = stage(unfinished=[2, 2, 1])

    Nemesis(under_work, seed=1).rest()

    assert list(under_work.left) == []


def test_no_more_faults_come():
    resting = Nemesis(stage(), seed=1)
    resting.plan(["kill_worker"], 1)

    resting.rest()

    assert not resting.done


def test_a_job_that_never_ends_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(nemesis, "MOST_REST", 0.3)
    started = time.monotonic()

    Nemesis(stage(unfinished=repeat(1)), seed=1).rest()

    assert time.monotonic() - started >= 0.3
