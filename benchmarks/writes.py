"""`python -m benchmarks.writes`: what the event and the Idempotency-Key cost a POST, and how events may be ordered.

Requests are handed to the WSGI application in this process, one after another, on a PostgreSQL that syncs to disk. CPU
is that of this thread and of its PostgreSQL process together. `--keys 300` instead: so many seconds of writes with keys
that are kept for a tenth of that time.
"""

import argparse
import os
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import django
import psycopg

from benchmarks import machine
from benchmarks.load import WrongAnswer
from benchmarks.programs import TaskHub
from benchmarks.report import ratios, spread, table
from benchmarks.servers import Owned
from devstack.service import Service, temporary_home

TICK = os.sysconf("SC_CLK_TCK")
# The other way: the number is the next of one sequence, and the transaction id says what a reader may already see
BY_TRANSACTION = """, unused AS (SELECT %s::bigint, %s::bigint, %s::bigint), recorded AS (
    INSERT INTO event (owner_id, number, resource, resource_id, version, kind, actor, via, request_id, changes)
    SELECT user_id, nextval('bench_number'), %s, %s, 1, 'created', username, 'api',
        %s || pg_current_xact_id()::text, '{}' FROM caller)"""
WITHOUT = ", unused AS (SELECT %s::bigint, %s::bigint, %s::bigint, %s::text, %s::text, %s::text)"
KEPT_SHARE = 10
BODY = b'{"title": "Buy milk"}'


class Poster:
    """Sends POST /tasks/ to the application, in this thread."""

    def __init__(self, application: Callable[..., Any], token: str) -> None:
        from django.test import RequestFactory

        headers = {"Authorization": f"Bearer {token}"}
        request = RequestFactory().post("/tasks/", BODY, "application/json", headers=headers, SERVER_NAME="127.0.0.1")
        self.application, self.environ = application, request.environ

    def post(self, key: str = "") -> None:
        from io import BytesIO

        environ = {**self.environ, "wsgi.input": BytesIO(BODY)}
        if key:
            environ["HTTP_IDEMPOTENCY_KEY"] = key
        said: list[str] = []
        body = self.application(environ, lambda status, headers: said.append(status))
        if said != ["201 Created"]:
            raise WrongAnswer(body)


@contextmanager
def variant(sql: str | None) -> Iterator[None]:
    """With another statement for the event of a new task."""
    from tasks import models

    present = models.RECORD_CREATED
    models.RECORD_CREATED = present if sql is None else sql
    try:
        yield
    finally:
        models.RECORD_CREATED = present


def server_seconds() -> float:
    """CPU that the PostgreSQL process of this thread's connection has taken."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        (pid,) = cursor.fetchone()
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICK


def cpu(poster: Poster, requests: int, keyed: bool) -> float:
    """Microseconds per request."""
    started, served = time.thread_time(), server_seconds()
    for _ in range(requests):
        poster.post(uuid.uuid4().hex if keyed else "")
    return (time.thread_time() - started + server_seconds() - served) / requests * 1e6


def costs(poster: Poster, rounds: int, requests: int) -> list[list[str]]:
    cases = {
        "without event and key": (WITHOUT, False),
        "with the event, numbered by owner": (None, False),
        "with the event, numbered by transaction": (BY_TRANSACTION, False),
        "with the event and a key": (None, True),
    }
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds + 1):
        for name, (sql, keyed) in cases.items():
            with variant(sql):
                found[name].append(cpu(poster, requests, keyed))
    found = {name: values[1:] for name, values in found.items()}  # the first round warms up
    plain = found["without event and key"]
    return [[name, spread(values), spread(ratios(values, plain), 2)] for name, values in found.items()]


def rates(application: Callable[..., Any], tokens: list[str], seconds: float) -> list[list[str]]:
    """How many a second eight writers of one owner, and of eight, get done."""
    rows = []
    for name, sql in (("numbered by owner", None), ("numbered by transaction", BY_TRANSACTION)):
        done = []
        for used in (tokens[:1] * 8, tokens):
            with variant(sql), ThreadPoolExecutor(8) as pool:
                end = time.perf_counter() + seconds
                counts = pool.map(lambda token, end=end: repeat(Poster(application, token), end), used)
                done.append(f"{sum(counts) / seconds:,.0f}")
        rows.append([name, *done])
    return rows


def repeat(poster: Poster, end: float) -> int:
    from django.db import connection

    count = 0
    while time.perf_counter() < end:
        poster.post()
        count += 1
    connection.close()
    return count


def keep_keys(poster: Poster, seconds: float) -> list[list[str]]:
    """Size of the key's table and CPU of a POST, at ten moments, while keys are pruned after a tenth of the time."""
    rows, begun = [], time.monotonic()
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as watcher:
        stop = threading.Event()
        pruner = threading.Thread(target=prune_until, args=(stop, seconds / KEPT_SHARE))
        pruner.start()
        while (now := time.monotonic() - begun) < seconds:
            spent = cpu(poster, 500, keyed=True)
            if now >= len(rows) * seconds / KEPT_SHARE:
                size = "SELECT pg_total_relation_size('idempotency_key'), count(*) FROM idempotency_key"
                total, kept = watcher.execute(size).fetchone() or (0, 0)
                rows.append([f"{now:.0f} s", f"{kept:,}", f"{total / 2**20:.1f} MiB", f"{spent:,.0f}"])
        stop.set()
        pruner.join()
    return rows


def prune_until(stop: threading.Event, kept_seconds: float) -> None:
    """As the recurring job does, whose interval is shortened like the time for which keys are kept."""
    from datetime import timedelta

    from django.db import connection
    from django.db.models.functions import Now

    from jobs.running import delete_batch
    from taskhub.api.models import IdempotencyKey

    while not stop.wait(kept_seconds / 288):  # five minutes of a day
        old = IdempotencyKey.objects.filter(created_at__lt=Now() - timedelta(seconds=kept_seconds))
        while delete_batch(old.order_by("created_at")):
            pass
    connection.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.writes", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--requests", type=int, default=1000, help="of each kind in a round")
    parser.add_argument("--seconds", type=float, default=5, help="that eight writers work at once")
    parser.add_argument("--keys", type=float, metavar="SECONDS")
    asked = parser.parse_args()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    settings = {"TASKHUB_ENV": "development", "ACCESS_TOKEN_MINUTES": "1440"}
    with temporary_home() as home, Owned(home, durable=True, **settings) as service:
        os.environ.update(service.environment, DJANGO_SETTINGS_MODULE="taskhub.settings")
        with service.log.open("a") as log, redirect_stderr(log):
            show(service, asked)


def show(service: Service, asked: argparse.Namespace) -> None:
    django.setup()
    from accounts.authentication import AccessToken
    from accounts.client import Client
    from accounts.models import User
    from accounts.sessions import begin
    from taskhub.wsgi import application

    TaskHub(service).sign_up()
    users = [User.objects.create_user(f"writer{n}", "correct horse") for n in range(8)]
    tokens = [str(AccessToken.of(begin(user, Client()))) for user in users]
    service.sql("CREATE SEQUENCE bench_number START 1000000000")
    poster = Poster(application, tokens[0])
    if asked.keys:
        print(table(("after", "keys", "table and indexes", "CPU µs per POST"), keep_keys(poster, asked.keys)))
        return
    print(table(("POST /tasks/", "CPU µs", "to without"), costs(poster, asked.rounds, asked.requests)), end="\n\n")
    print(table(("POSTs per second", "8 writers, one owner", "8 owners"), rates(application, tokens, asked.seconds)))


if __name__ == "__main__":
    main()
