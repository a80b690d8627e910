"""`python -m benchmarks.callers`: what it costs each request that the statement about the user joins the session, too.

Requests are handed to the WSGI application in this process, one after another. CPU is that of this thread and of its
PostgreSQL process together.
"""

import argparse
import os
from collections.abc import Callable
from contextlib import redirect_stderr
from time import thread_time
from typing import Any

import django

from benchmarks import machine
from benchmarks.load import WrongAnswer
from benchmarks.report import ratios, spread, table
from benchmarks.servers import Owned
from benchmarks.writes import server_seconds
from devstack.service import temporary_home

WITHOUT = "WHERE %s::text IS NOT NULL AND users.id = %s AND users.is_active"  # takes the same parameters
PATHS = ("/auth/me", "/tasks/?limit=20")
SESSIONS = 200_000


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.callers", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--requests", type=int, default=1000, help="of each kind in a round")
    asked = parser.parse_args()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    with temporary_home() as home, Owned(home, TASKHUB_ENV="development") as service:
        os.environ.update(service.environment, DJANGO_SETTINGS_MODULE="taskhub.settings")
        with service.log.open("a") as log, redirect_stderr(log):
            django.setup()
            show(asked.rounds, asked.requests)


def show(rounds: int, requests: int) -> None:
    from django.db import connection

    from accounts.authentication import AccessToken
    from accounts.client import Client
    from accounts.models import Session, User
    from accounts.sessions import begin
    from taskhub.wsgi import application

    alice = User.objects.create_user("alice", "correct horse battery")
    session = begin(alice, Client())
    assert session  # noqa: S101 - nobody else is there
    fields = {"access_version": 1, "expires_at": session.expires_at}
    Session.objects.bulk_create((Session(owner=alice, **fields) for _ in range(SESSIONS)), batch_size=2_000)
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE session")
    ask = asker(application, str(AccessToken.of(session)))
    print(f"CPU µs of a request, with {SESSIONS:,} sessions\n")
    print(
        table(("", "without the session", "with it", "ratio"), [costs(ask, path, rounds, requests) for path in PATHS])
    )


def asker(application: Callable[..., Any], token: str) -> Callable[[str], None]:
    from django.test import RequestFactory

    def ask(path: str) -> None:
        request = RequestFactory().get(path, headers={"Authorization": f"Bearer {token}"}, SERVER_NAME="127.0.0.1")
        said: list[str] = []
        body = application(request.environ, lambda status, headers: said.append(status))
        if said != ["200 OK"]:
            raise WrongAnswer(body)

    return ask


def costs(ask: Callable[[str], None], path: str, rounds: int, requests: int) -> list[str]:
    from accounts import authentication

    present = authentication.OF_SESSION
    found: dict[str, list[float]] = {WITHOUT: [], present: []}
    for _ in range(rounds + 1):
        for condition, values in found.items():
            authentication.OF_SESSION = condition
            started = thread_time() + server_seconds()
            for _ in range(requests):
                ask(path)
            values.append((thread_time() + server_seconds() - started) / requests * 1e6)
    authentication.OF_SESSION = present
    plain, joined = (values[1:] for values in found.values())  # the first round warms up
    return [path, spread(plain), spread(joined), spread(ratios(joined, plain), 2)]


if __name__ == "__main__":
    main()
