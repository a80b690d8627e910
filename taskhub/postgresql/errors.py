"""PostgreSQL's own errors, which Django's exceptions keep as their cause."""

import psycopg

FOREIGN_KEY_VIOLATION = "23503"
# A standby after a failover, and a statement prepared before a column changed: a new connection helps
PASSING_STATES = ("25006", "0A000")


def original(error: BaseException | None) -> psycopg.Error | None:
    """The psycopg error behind a Django one; None if it did not come from the database."""
    cause = error.__cause__ if error else None
    return cause if isinstance(cause, psycopg.Error) else None


def sqlstate(error: BaseException | None) -> str | None:
    """PostgreSQL's five-letter code; None when the connection broke before it could answer."""
    cause = original(error)
    return cause.sqlstate if cause else None


def violated_constraint(error: BaseException) -> str | None:
    """The name of the constraint that refused a row."""
    cause = original(error)
    return cause.diag.constraint_name if cause else None


def is_caused_by(error: BaseException, kind: type[psycopg.Error]) -> bool:
    """Whether that was PostgreSQL's reason, e.g. `psycopg.errors.LockNotAvailable`."""
    return isinstance(original(error), kind)
