"""The database backend: what it reads, and which connections it keeps."""

from contextlib import nullcontext

import pytest
from django.db import DataError, NotSupportedError, connection, transaction


def selected(expression):
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {expression}")
        return cursor.fetchone()[0]


@pytest.mark.parametrize(
    "text", ["2026-11-21 03:43:54.497524+00", "2026-11-21 03:43:54.5+00", "0001-01-01 00:00:00+00"]
)
def test_times_are_read_as_utc(db, text):
    moment = selected(f"timestamptz '{text}'")

    assert moment.utcoffset().total_seconds() == 0
    assert moment.isoformat(" ")[:19] == text[:19]


@pytest.mark.parametrize("text", ["infinity", "10000-01-01 00:00:00+00", "0001-01-01 00:00:00+00 BC"])
def test_times_python_cannot_hold_are_an_error(db, text):
    with pytest.raises(DataError):
        selected(f"timestamptz '{text}'")


@pytest.mark.parametrize("around", [nullcontext, transaction.atomic], ids=["alone", "in_a_transaction"])
@pytest.mark.django_db(transaction=True)
def test_after_an_error_of_the_server_the_connection_is_given_up(around):
    first = selected("pg_backend_pid()")
    with pytest.raises(NotSupportedError), around(), connection.cursor() as cursor:
        cursor.execute("DO $$ BEGIN RAISE feature_not_supported; END $$")
    connection.close_if_unusable_or_obsolete()

    assert selected("pg_backend_pid()") != first


@pytest.mark.django_db(transaction=True)
def test_a_connection_whose_server_process_ended_is_noticed_without_a_statement():
    victim = selected("pg_backend_pid()")
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [victim])
    other.close()
    connection.health_check_done = False
    connection.health_check_enabled = True
    connection.close_if_health_check_failed()

    assert selected("pg_backend_pid()") != victim
