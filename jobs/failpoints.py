"""Named places at which a test can make a worker die, fail or lose its database connection.

TASKHUB_FAILPOINTS="settle.fenced=kill:0.01,fail.before=raise" names place, action and, optionally, how often (0 to 1).
Settings refuse the variable in production.
"""

import os
import random
import signal
import socket
from collections.abc import Callable

from django.conf import settings
from django.db import connection

NAMES = frozenset(
    {
        "claim.locked",
        "claim.before_commit",
        "claim.after_commit",
        "external.before",
        "external.after",
        "external.kept",
        "settle.before",
        "settle.fenced",
        "settle.before_commit",
        "settle.after_commit",
        "together.before_commit",
        "together.after_commit",
        "fail.before",
        "fail.before_commit",
        "sweep.found",
    }
)


class FailpointError(Exception):
    """What the action `raise` raises."""


def kill(name: str) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail(name: str) -> None:
    raise FailpointError(name)


def drop(name: str) -> None:
    """Cut the connection to PostgreSQL, so that the next statement, such as COMMIT, gets no answer."""
    connection.ensure_connection()
    wire = socket.socket(fileno=os.dup(connection.connection.fileno()))
    wire.shutdown(socket.SHUT_RDWR)
    wire.close()


ACTIONS: dict[str, Callable[[str], None]] = {"kill": kill, "raise": fail, "drop": drop}


def failpoint(name: str) -> None:
    """Does nothing unless TASKHUB_FAILPOINTS names it."""
    if settings.TASKHUB_FAILPOINTS and name in settings.TASKHUB_FAILPOINTS:
        action, probability = settings.TASKHUB_FAILPOINTS[name]
        if random.random() < probability:  # noqa: S311 - dice
            ACTIONS[action](name)
