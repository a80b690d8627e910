"""The application reads and writes rows, and whoever breaks into it can do no more."""

import psycopg
import pytest
from psycopg.errors import InsufficientPrivilege

FORBIDDEN = [
    "COPY users FROM PROGRAM 'id'",
    "COPY (SELECT 1) TO '/tmp/x'",
    "CREATE TABLE mine (id int)",
    "ALTER TABLE users ADD mine int",
    "DROP TABLE tasks",
    "TRUNCATE tasks",
    "ALTER TABLE security_event DISABLE TRIGGER ALL",
    "DELETE FROM django_migrations",
    "CREATE ROLE mine SUPERUSER",
    "SELECT pg_read_file('/etc/passwd')",
    "SET session_replication_role = replica",
    "SELECT rolpassword FROM pg_authid",
]


@pytest.mark.parametrize("statement", FORBIDDEN)
def test_the_role_of_the_application_may_not(service, statement):
    with psycopg.connect(service.postgres.application_url) as database, pytest.raises(InsufficientPrivilege):
        database.execute(statement)


def test_a_migration_makes_the_role_that_is_missing_and_lets_it_in(service):
    url = service.postgres.application_url.replace("taskhub_app:", "another_app:")
    service.manage("migrate", "--no-input", "-v0", DATABASE_URL=url)
    with psycopg.connect(url) as database:
        (count,) = database.execute("SELECT count(*) FROM users").fetchone()

        assert count >= 0
    with psycopg.connect(service.postgres.url) as database:
        assert database.execute("SELECT rolsuper FROM pg_roles WHERE rolname = 'another_app'").fetchone() == (False,)
