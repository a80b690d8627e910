"""What becomes of the database connection, and of the job, when a statement fails at a bad moment."""

import asyncio

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, ProgrammingError, connection, transaction
from django.db.models.functions import Now
from psycopg.errors import CannotConnectNow

from jobs import claims, engine
from jobs.models import Job, State
from jobs.registry import Cancelled, Kind, NotDone, PermanentError
from jobs.tests.factories import JobFactory
from jobs.worker import refresh_connection

pytestmark = pytest.mark.django_db(transaction=True)


LOSE = "SELECT pg_terminate_backend(pg_backend_pid())"
DEADLOCK = "DO $$ BEGIN RAISE deadlock_detected; END $$"


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def finish_by(statement):
    return Kind("welcome_email", finish=lambda job: sql(statement))


def run_with(kind):
    job = JobFactory()
    with engine.watched(kind):
        return engine.attempt(claims.claim(job.pk, kind), kind)


def run_again(kind):
    """Now, whatever came of it."""
    Job.objects.update(state=State.QUEUED, finished_at=None, run_at=Now())
    return engine.attempt(claims.claim(Job.objects.get().pk, kind), kind)


@pytest.mark.parametrize("name", ["deadlock_detected", "lock_not_available", "serialization_failure"])
def test_what_postgresql_asks_to_try_again_is_tried_at_once_in_the_same_attempt(name):
    asked = []

    def finish(job):
        asked.append(job)
        if len(asked) < 3:
            sql(f"DO $$ BEGIN RAISE {name}; END $$")

    assert run_with(Kind("welcome_email", finish=finish)) == "succeeded"
    assert (len(asked), Job.objects.get().attempt) == (3, 1)


def test_what_postgresql_refuses_again_and_again_is_an_error():
    came = run_with(finish_by(DEADLOCK))
    job = Job.objects.get()

    assert (came, job.state, job.error_code) == ("error", State.QUEUED, "error")
    assert "deadlock" in job.error


@pytest.mark.parametrize(
    ("result", "outcome"), [(object(), "permanent_error"), (float("nan"), "permanent_error"), ("\0", "error")]
)
def test_a_result_that_cannot_be_kept_is_an_error(result, outcome):
    assert run_with(Kind("welcome_email", finish=lambda job: result)) == outcome
    assert (Job.objects.get().result, Job.objects.get().attempts.get().outcome) == (None, outcome)


def test_what_the_external_part_returns_is_json_or_the_job_fails_and_it_is_not_repeated():
    kind = Kind("welcome_email", external=lambda job: object(), finish=lambda job, returned: None)

    assert run_with(kind) == "permanent_error"
    assert Job.objects.get().state == State.FAILED


@pytest.mark.parametrize("in_doubt", ["retry", "park"])
@pytest.mark.parametrize("lost", [LOSE, DEADLOCK])
def test_what_goes_wrong_after_the_external_effect_neither_repeats_nor_parks_it(in_doubt, lost):
    sent, asked = [], []

    def finish(job, returned):
        asked.append(returned)
        if len(asked) == 1:
            sql(lost)

    kind = Kind("welcome_email", external=lambda job: sent.append(job) or "it", finish=finish, in_doubt=in_doubt)
    assert run_with(kind) == "succeeded"
    assert (len(sent), asked) == (1, ["it", "it"])


def test_a_finish_that_fails_does_not_do_the_external_part_again():
    sent = []

    def finish(job, returned):
        if job.attempt == 1:
            raise ValueError("no such order")
        return returned

    kind = Kind("welcome_email", external=lambda job: sent.append(job) or "it", finish=finish)
    assert run_with(kind) == "error"
    assert run_again(kind) == "succeeded"
    assert (len(sent), Job.objects.get().result) == (1, "it")


@pytest.mark.parametrize(
    "raised", [NotDone("?"), PermanentError("?"), Cancelled("?"), ValueError("?"), asyncio.CancelledError()]
)
def test_a_kind_that_may_not_repeat_trusts_no_error_after_its_effect(raised):
    sent = []

    def finish(job, returned):
        raise raised

    kind = Kind("welcome_email", external=lambda job: sent.append(job), finish=finish, in_doubt="park")
    run_with(kind)
    run_again(kind)

    assert len(sent) == 1


class Broken(Exception):
    def __str__(self):
        raise ValueError("no")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("\ud800"),
        ValueError("\0"),
        Broken(),
        CannotConnectNow(),
        OperationalError("refused"),
        asyncio.CancelledError(),
        GeneratorExit(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_an_error_is_an_error_and_never_taken_for_a_death(error):
    def raise_it(job):
        raise error

    assert run_with(Kind("welcome_email", finish=raise_it)) == "error"
    assert Job.objects.get().state == State.QUEUED


def test_a_handler_that_closes_the_connection_has_failed():
    assert run_with(Kind("welcome_email", finish=lambda job: connection.close())) == "error"


def test_an_external_part_that_leaves_a_transaction_open_has_failed():
    kind = Kind("welcome_email", external=lambda job: connection.set_autocommit(False))

    assert run_with(kind) == "error"


def test_no_result_is_null():
    run_with(Kind("welcome_email", finish=lambda job: None))

    assert Job.objects.filter(state=State.SUCCEEDED, result__isnull=True).exists()


def test_a_job_that_is_claimed_alone_takes_three_statements_and_two_commits(django_assert_num_queries):
    kind, job = Kind("welcome_email", finish=lambda job: None), JobFactory()
    with django_assert_num_queries(3 + 4):  # each commit with its BEGIN
        engine.attempt(claims.claim(job.pk, kind), kind)


@pytest.fixture
def slow_commit():
    """A table whose rows take two seconds to commit."""
    sql("CREATE TABLE slow (id int)")
    sql("CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(2); RETURN NULL; END $$")
    sql(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON slow DEFERRABLE INITIALLY DEFERRED"
        " FOR EACH ROW EXECUTE FUNCTION wait()"
    )
    yield
    sql("DROP TABLE slow; DROP FUNCTION wait")


def test_a_time_limit_that_strikes_in_the_commit_leaves_a_connection_that_works(time_limit, slow_commit):
    time_limit()
    with pytest.raises((SoftTimeLimitExceeded, ProgrammingError)), transaction.atomic():
        sql("INSERT INTO slow VALUES (1)")
    refresh_connection()

    assert Job.objects.count() == 0
    assert not connection.in_atomic_block
