"""What the log says of an attempt that failed."""

import pytest

from jobs.models import Job
from jobs.protocol import log_failure
from jobs.registry import PermanentError


@pytest.fixture
def logged(caplog):
    """What is logged of an error in attempt 5 of `most`: the line, and whether it shows where it was raised."""

    def log(error, most=12):
        log_failure(Job(job_id="welcome_email:1", attempt=5, max_attempts=most), error)
        return caplog.messages[-1], bool(caplog.records[-1].exc_info)

    return log


def test_an_attempt_that_others_may_follow_is_one_line(logged):
    said = "welcome_email:1: attempt 5 of 12 failed: OSError: no route"

    assert logged(OSError("no route\nto host")) == (said, False)


@pytest.mark.parametrize(("error", "most"), [(OSError("no route"), 5), (PermanentError("no such address"), 12)])
def test_the_last_attempt_shows_where_the_error_was_raised(logged, error, most):
    assert logged(error, most)[1]


def test_a_password_in_a_url_is_not_logged(logged):
    assert "secret" not in logged(OSError("smtp://me:secret@host"))[0]
