"""The states a job can be in, and the arrows between them."""

import re
from itertools import product

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from jobs.models import TRANSITIONS, Attempt, Job, Outcome, State
from jobs.tests.factories import JobFactory


@pytest.mark.parametrize(("source", "target"), list(product(State, State)))
def test_a_job_moves_along_the_arrows_and_no_others(db, source, target):
    JobFactory(state=source)
    lease = {"lease_until": timezone.now()} if target == State.RUNNING else {}
    if target in TRANSITIONS[source]:
        assert Job.objects.all().move(source, target, **lease) == 1
        assert Job.objects.get().state == target
    else:
        with pytest.raises(ValueError, match="does not go"):
            Job.objects.all().move(source, target, **lease)


def test_the_diagram_shows_the_arrows_of_the_code():
    diagram = (settings.BASE_DIR / "docs" / "jobs.md").read_text()
    drawn = set(re.findall(r"^ +(\w+) --> (\w+)", diagram, re.MULTILINE))

    assert drawn == {(source.value, target.value) for source in TRANSITIONS for target in TRANSITIONS[source]}


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("job_log_state_known", {"state": "dead"}),
        ("job_log_lease_iff_running", {"lease_until": timezone.now()}),
        ("job_log_lease_iff_running", {"state": "running"}),
        ("job_log_finished_at_iff_final", {"state": "succeeded"}),
        ("job_log_finished_at_iff_final", {"finished_at": timezone.now()}),
        ("job_log_attempt_in_range", {"attempt": 6}),
        ("job_log_max_attempts_positive", {"max_attempts": 0}),
    ],
)
def test_the_database_refuses(db, constraint, fields):
    JobFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Job.objects.update(**fields)


def test_the_database_refuses_a_second_row_for_one_attempt(db):
    tried = {"job": JobFactory(), "attempt": 1, "started_at": timezone.now(), "outcome": Outcome.ERROR}
    Attempt.objects.create(**tried)
    with pytest.raises(IntegrityError, match="job_attempt_job_attempt_key"), transaction.atomic():
        Attempt.objects.create(**tried)
