"""Migrations that are run beside the traffic."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager

import pytest
from django.apps import apps
from django.db import connection, migrations, models
from django.db.migrations.state import ProjectState

from devstack.service import wait_until
from jobs.tests.factories import JobFactory
from taskhub.postgresql.operations import RetryableAddIndexConcurrently, RetryableRemoveIndexConcurrently

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


class Migration(migrations.Migration):
    """As one after the present ones would be."""

    atomic = False
    operations = [
        RetryableAddIndexConcurrently("job", models.Index(fields=["worker"], name="job_log_worker_idx")),
        RetryableRemoveIndexConcurrently("job", "job_log_newest_idx"),
    ]


def migrate(backwards=False):
    """With a limit for locks that is soon reached. Returns the limit that is left."""
    sql("SET lock_timeout = '50ms'")
    state, migration = ProjectState.from_apps(apps), Migration("later", "jobs")
    try:
        with connection.schema_editor(atomic=False) as editor:
            (migration.unapply if backwards else migration.apply)(state, editor)
        return sql("SHOW lock_timeout")
    finally:
        connection.close()


@pytest.fixture
def before(transactional_db):
    yield
    migrate(backwards=True)


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
            migrated = pool.submit(migrate)
            wait_until(lambda: sql(WAITS) or migrated.done())
        assert migrated.result() == [("5s",)]

    assert sql(VALID, "job_log_worker_idx") == [(True,)]
    assert sql("SELECT to_regclass('job_log_newest_idx')") == [(None,)]


def test_one_that_broke_off_is_made_anew(before):
    sql("CREATE INDEX job_log_worker_idx ON job_log (kind)")
    sql("UPDATE pg_index SET indisvalid = false WHERE indexrelid = to_regclass('job_log_worker_idx')")
    migrate()

    assert sql(VALID, "job_log_worker_idx") == [(True,)]
