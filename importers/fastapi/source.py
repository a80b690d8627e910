"""The database of the FastAPI service, read only: its tables as its models define them."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from django.core.management import CommandError
from django.db import connection as own
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import dict_row

BATCH = 1000  # rows read, and taken in one transaction, at a time
EXAMPLE = "postgresql://user:password@host:5432/database"
IDENTITY = "SELECT current_database(), pg_postmaster_start_time()"
CREATED = "CASE WHEN created_at BETWEEN '0001-01-02' AND '9999-12-30' THEN created_at END AS created_at"
UPDATED = CREATED.replace("created_at", "updated_at")  # NULL stands for times that Python cannot hold
TABLES = {
    # Of names that differ only in case, the oldest account is taken
    "users": f"SELECT id::text, username, hashed_password, {CREATED}"  # noqa: S608
    " FROM users ORDER BY users.created_at, users.id",
    "tasks": f"SELECT id::text, title, description, owner_id::text, {CREATED} FROM tasks",  # noqa: S608
    "job_log": f"SELECT job_id, status, result::text, {CREATED}, {UPDATED} FROM job_log",  # noqa: S608
}
TEXT = ("text", "character varying", "character")
UUIDS = (*TEXT, "uuid")
TIME = ("timestamp without time zone", "timestamp with time zone")
COLUMNS = {
    "users": {"id": UUIDS, "username": TEXT, "hashed_password": TEXT, "created_at": TIME},
    "tasks": {"id": UUIDS, "title": TEXT, "description": TEXT, "owner_id": UUIDS, "created_at": TIME},
    "job_log": {
        "job_id": TEXT, "status": TEXT, "result": ("json", "jsonb"), "created_at": TIME, "updated_at": TIME,
    },
}  # fmt: skip

Source = psycopg.Connection[dict[str, Any]]


@contextmanager
def connected(url: str) -> Iterator[Source]:
    """A read-only snapshot of all three tables. Raises CommandError, without the password, if that is not possible."""
    readable(url)
    try:
        source = psycopg.connect(spelled(url), connect_timeout=10, client_encoding="UTF8", row_factory=dict_row)
    except psycopg.OperationalError as error:
        raise CommandError(f"The source cannot be reached: {first_line(error)}.") from error
    with source:
        source.read_only, source.isolation_level = True, psycopg.IsolationLevel.REPEATABLE_READ
        require_tables(source)
        yield source


def spelled(url: str) -> str:
    """SQLAlchemy's spelling, postgresql+asyncpg://, is what the FastAPI service was given."""
    return re.sub(r"^(postgres(?:ql)?)\+\w+://", r"\1://", url)


def readable(url: str) -> None:
    """Raises CommandError. A bare @ or : in the password would make part of it the host, which messages name."""
    if not spelled(url).startswith(("postgres://", "postgresql://")):
        raise CommandError(f"The source must be a URL such as {EXAMPLE}.")
    try:
        parts = conninfo_to_dict(spelled(url))
    except psycopg.ProgrammingError:
        raise CommandError(f"The source is not a URL that PostgreSQL's client library can read: {EXAMPLE}.") from None
    if not parts.get("dbname"):
        raise CommandError(f"The source names no database: {EXAMPLE}.")
    misplaced = any("@" in str(value) for name, value in parts.items() if name not in ("user", "password"))
    if misplaced or not re.fullmatch(r"(\d{1,5}(,\d{1,5})*)?", str(parts.get("port", ""))):
        raise CommandError(
            f"The source's host or port cannot be read. Special characters are written as %40: {EXAMPLE}."
        )


def require_tables(source: Source) -> None:
    """Raises CommandError if a table or column is missing, unreadable or of another type."""
    found = source.execute(IDENTITY).fetchone()
    try:
        source.execute("SET LOCAL timezone = 'UTC'")
        for table, columns in COLUMNS.items():
            require_types(source, table, columns)
    except psycopg.ProgrammingError as error:
        said = error.diag.message_primary
        if found and tuple(found.values()) == own_identity():
            raise CommandError(f"The source is the database of this very service: {said}.") from error
        raise CommandError(f"The source is no database of the FastAPI service: {said}.") from error


def require_types(source: Source, table: str, columns: dict[str, tuple[str, ...]]) -> None:
    """Raises CommandError. A domain counts as its base type, which is what the server reports."""
    asked = source.execute(f"SELECT {', '.join(columns)} FROM {table} LIMIT 0")  # noqa: S608 - our own words
    for column in asked.description or ():
        [[name]] = (row.values() for row in source.execute("SELECT %s::oid::regtype::text", [column.type_code]))
        if name not in columns[column.name]:
            raise CommandError(
                f"The source is no database of the FastAPI service: column {table}.{column.name} is of type {name};"
                f" expected is {' or '.join(columns[column.name])}."
            )


def own_identity() -> tuple[Any, ...]:
    with own.cursor() as cursor:
        cursor.execute(IDENTITY)
        return tuple(cursor.fetchone())


def batches(source: Source, table: str) -> Iterator[list[dict[str, Any]]]:
    """All rows, BATCH at a time, by a server-side cursor."""
    with source.cursor(name=table) as cursor:
        cursor.execute(TABLES[table])
        while rows := cursor.fetchmany(BATCH):
            yield rows


def first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0].rstrip(".")
