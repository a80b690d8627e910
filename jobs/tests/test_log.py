"""What the log says of an attempt that failed."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from jobs.failing import log_failure
from jobs.models import Job, Outcome, State
from jobs.registry import PermanentError


@pytest.fixture
def logged(caplog):
    """What is logged of an error in attempt 5 of 12: the line, and whether it shows where it was raised."""

    def log(error, state=State.QUEUED, level=logging.INFO):
        again = timedelta(minutes=3) if state == State.QUEUED else None
        with caplog.at_level(level, "jobs"):
            log_failure(Job(job_id="welcome_email:1", attempt=5, max_attempts=12), error, Outcome.ERROR, state, again)
        return caplog.messages[-1], bool(caplog.records[-1].exc_info)

    return log


def test_an_attempt_that_others_may_follow_is_one_line_that_tells_when(logged):
    again = f"{timezone.now() + timedelta(minutes=3):%H:%M}"

    line, traceback = logged(OSError("no route\nto host"))
    assert line.startswith(f"welcome_email:1: attempt 5 of 12, again at {again}")
    assert line.endswith(": OSError: no route")
    assert not traceback


def test_at_debug_level_it_shows_where_it_was_raised(logged):
    assert logged(OSError("no route"), level=logging.DEBUG)[1]


@pytest.mark.parametrize("error", [OSError("no route"), PermanentError("no such address")])
def test_the_last_attempt_shows_where_the_error_was_raised(logged, error):
    line, traceback = logged(error, State.FAILED)

    assert "attempt 5 of 12, failed: " in line
    assert traceback


def test_a_password_in_a_url_is_not_logged(logged):
    assert "secret" not in logged(OSError("smtp://me:secret@host"))[0]
