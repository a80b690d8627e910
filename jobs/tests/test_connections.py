"""What becomes of the database connection, and of the job, when a statement fails at a bad moment."""

import pytest
from billiard.exceptions import SoftTimeLimitExceeded
from django.db import OperationalError, ProgrammingError, connection, transaction

from jobs import protocol
from jobs.models import Job, State
from jobs.registry import Kind
from jobs.tests.factories import JobFactory
from jobs.worker import refresh_connection

pytestmark = pytest.mark.django_db(transaction=True)


def sql(statement):
    with connection.cursor() as cursor:
        cursor.execute(statement)


def finish_by(statement):
    return Kind("welcome_email", finish=lambda job, outcome: sql(statement))


def run_with(kind):
    job = JobFactory()
    return protocol.attempt(protocol.claim(job.pk, kind), kind)


def test_an_error_that_postgresql_answered_is_written_down_at_once():
    came = run_with(finish_by("DO $$ BEGIN RAISE deadlock_detected; END $$"))
    job = Job.objects.get()

    assert (came, job.state, job.error_code) == ("error", State.QUEUED, "error")
    assert "deadlock" in job.error


@pytest.mark.parametrize("result", [object(), float("nan"), "\0"], ids=["no JSON", "NaN", "NUL"])
def test_a_result_that_cannot_be_kept_is_an_error(result):
    came = run_with(Kind("welcome_email", finish=lambda job, outcome: result))
    job = Job.objects.get()

    assert (came, job.state, job.result, job.attempts.get().outcome) == ("error", State.QUEUED, None, "error")


def test_a_lost_connection_leaves_the_verdict_to_the_next_claim():
    with pytest.raises(OperationalError):
        run_with(finish_by("SELECT pg_terminate_backend(pg_backend_pid())"))

    assert Job.objects.get().state == State.RUNNING


def test_an_error_of_another_server_is_not_taken_for_a_lost_connection():
    """As of a second database: it has no SQLSTATE, and the connection to this one is well."""

    def ask_elsewhere(job, outcome):
        raise OperationalError("connection refused")

    assert run_with(Kind("welcome_email", finish=ask_elsewhere)) == "error"
    assert Job.objects.get().state == State.QUEUED


def test_no_result_is_null():
    run_with(Kind("welcome_email", finish=lambda job, outcome: None))

    assert Job.objects.filter(state=State.SUCCEEDED, result__isnull=True).exists()


def test_a_job_that_does_nothing_takes_four_statements_and_two_commits(django_assert_num_queries):
    kind, job = Kind("welcome_email", finish=lambda job, outcome: None), JobFactory()
    with django_assert_num_queries(4 + 4):  # each commit with its BEGIN
        protocol.attempt(protocol.claim(job.pk, kind), kind)


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
