"""Migrations that are run beside the traffic."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from django.core.management import call_command
from django.db import connection

from jobs.tests.factories import JobFactory
from tests.service import wait_until

VALID = "SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass(%s)"
WAITS = """
    SELECT pid FROM pg_stat_activity
    WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'
        AND query_start < now() - interval '0.2 s'
"""


def sql(statement, *values):
    with connection.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall() if cursor.description else None


def migrate(target):
    """With a limit for locks that is soon reached. Returns the limit that is left."""
    sql("SET lock_timeout = '50ms'")
    try:
        call_command("migrate", "jobs", target, "-v0")
        return sql("SHOW lock_timeout")
    finally:
        connection.close()


@pytest.fixture
def before(transactional_db):
    migrate("0006")
    yield
    migrate("0007")


@contextmanager
def at_work(job):
    """Somebody else's transaction."""
    with closing(connection.copy()) as elsewhere, elsewhere.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("UPDATE job_log SET progress = '1' WHERE job_id = %s", [job.pk])
        yield


def test_an_index_waits_for_a_transaction_that_is_at_work_however_long(before):
    with ThreadPoolExecutor(1) as pool:
        with at_work(JobFactory()):
            migrated = pool.submit(migrate, "0007")
            wait_until(lambda: sql(WAITS) or migrated.done())
        assert migrated.result() == [("5s",)]

    assert sql(VALID, "job_log_due_idx") == [(True,)]
    assert sql("SELECT to_regclass('job_log_deliver_at_idx')") == [(None,)]


def test_one_that_broke_off_is_made_anew(before):
    sql("CREATE INDEX job_log_due_idx ON job_log (deliver_at)")
    sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass('job_log_due_idx')")
    migrate("0007")

    assert sql(VALID, "job_log_due_idx") == [(True,)]
