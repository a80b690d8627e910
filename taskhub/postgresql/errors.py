"""What PostgreSQL said, of which Django's exceptions keep the original as their cause."""

import psycopg

FOREIGN_KEY_VIOLATION = "23503"
# A standby after a failover, and a statement prepared before a column changed: a new connection helps
PASSING_STATES = ("25006", "0A000")


def original(error: BaseException | None) -> psycopg.Error | None:
    """The error of psycopg that Django's stands for; None for one that is not the database's."""
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
    """Whether PostgreSQL refused for that reason, e.g. `psycopg.errors.LockNotAvailable`."""
    return isinstance(original(error), kind)
