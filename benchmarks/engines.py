"""The engines for background jobs that are compared: how each is started, given a job, and seen to have done it.

Import it when the environment names the servers.
"""

import logging
import time
from datetime import datetime
from typing import Any

import psycopg
import redis
from django.db import transaction
from procrastinate import App, SyncPsycopgConnector

from benchmarks.servers import Servers
from benchmarks.workers import bare, loop, taskhub
from jobs.services import New, enqueue, enqueue_many

PROCESSES = 2
# When the transaction committed that wrote the row last, which is the one that finished the job
COMMITTED = "extract(epoch FROM pg_xact_commit_timestamp(xmin))::float8"
# Those sent to this database; PostgreSQL's own, which check foreign keys, are none
STATEMENTS = """
    SELECT coalesce(sum(calls), 0)::bigint FROM pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND query NOT LIKE 'SELECT 1 FROM ONLY %'
"""


class Engine:
    """At work on two processes. `unfinished` and `done` are SQL about the table of its jobs."""

    unfinished: str
    done: str
    given = 0  # jobs so far, numbered from 0

    def __init__(self, name: str, url: str, pids: list[int]) -> None:
        self.name, self.pids = name, pids
        self.watcher = psycopg.connect(url, autocommit=True)
        self.watcher.execute("SET pg_stat_statements.track = 'none'")  # it does not count itself
        self.watcher.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")

    def enqueue(self, number: int) -> float:
        """Returns the moment from which the job can be done: right after the commit."""
        raise NotImplementedError

    def is_done(self, count: int) -> bool:
        """Whether nothing is left of the `count` jobs so far."""
        return not self.ask(f"SELECT EXISTS ({self.unfinished})")[0][0]

    def finished(self) -> dict[int, float]:
        """When each job was, by its number."""
        return dict(self.ask(self.done))

    def statements(self) -> int:
        """How many were sent to its database so far."""
        return int(self.ask(STATEMENTS)[0][0])

    def ask(self, sql: str) -> list[Any]:
        return self.watcher.execute(sql).fetchall()


class TaskHub(Engine):
    def __init__(self, name: str, servers: Servers, pids: list[int], kind: str) -> None:
        super().__init__(f"TaskHub, {name}", servers.postgres.url, pids)
        self.kind, self.broker = kind, redis.Redis.from_url(servers.valkey.url)
        self.unfinished = f"SELECT FROM job_log WHERE state IN ('queued', 'running') AND kind = '{kind}'"
        self.done = f"SELECT split_part(job_id, ':', 2)::int, {COMMITTED} FROM job_log WHERE kind = '{kind}'"

    def is_done(self, count: int) -> bool:
        """The last wake-up, too, must be gone."""
        return super().is_done(count) and not self.broker.llen("default")

    def enqueue_many(self, count: int, run_at: datetime | None = None) -> float:
        """So many at once. Returns how many seconds it took."""
        first, started = self.given, time.perf_counter()
        with transaction.atomic():
            enqueue_many(self.kind, (New(str(first + n), run_at=run_at) for n in range(count)))
        self.given += count
        return time.perf_counter() - started

    def enqueue(self, number: int) -> float:
        committed: list[float] = []
        with transaction.atomic():
            transaction.on_commit(lambda: committed.append(time.time()))
            enqueue(self.kind, str(number))
        return committed[0]


class Celery(Engine):
    """Without a transaction: from the moment before the message is sent."""

    def __init__(self, servers: Servers) -> None:
        self.home = servers.home
        options = ("worker", f"--concurrency={PROCESSES}")
        pid = servers.celery("benchmarks.workers.bare", *options, DJANGO_SETTINGS_MODULE="")
        super().__init__("bare Celery", servers.postgres.url, [pid])

    def enqueue(self, number: int) -> float:
        now = time.time()
        bare.noop.delay(number)
        return now

    def is_done(self, count: int) -> bool:
        return len(self.finished()) == count

    def finished(self) -> dict[int, float]:
        return bare.recorded(self.home)

    def statements(self) -> int:
        return 0


class Procrastinate(Engine):
    unfinished = "SELECT FROM procrastinate_jobs WHERE status IN ('todo', 'doing')"
    done = f"SELECT (args->>'number')::int, {COMMITTED} FROM procrastinate_jobs"

    def __init__(self, servers: Servers) -> None:
        url = servers.database("procrastinate")
        logging.getLogger("procrastinate").setLevel(logging.WARNING)  # a line per job, in the process that measures
        self.app = App(connector=SyncPsycopgConnector(conninfo=url))
        self.app.open()
        self.app.schema_manager.apply_schema()
        command = ("-m", "procrastinate", "--app=benchmarks.workers.elsewhere.app", "worker")
        super().__init__("procrastinate", url, [servers.work(*command, DATABASE_URL=url) for _ in range(PROCESSES)])

    def enqueue(self, number: int) -> float:
        self.app.configure_task("noop").defer(number=number)
        return time.time()


class Loop(Engine):
    unfinished = "SELECT FROM job WHERE state = 'queued'"
    done = f"SELECT number, {COMMITTED} FROM job"

    def __init__(self, servers: Servers, size: int) -> None:
        url = servers.database(f"loop_{size}")
        self.producer = psycopg.connect(url, autocommit=True)
        self.producer.execute(loop.TABLE)
        command = ("-m", "benchmarks.workers.loop", str(size))
        pids = [servers.work(*command, DATABASE_URL=url) for _ in range(PROCESSES)]
        super().__init__(f"plain loop, {size} at a time", url, pids)

    def enqueue(self, number: int) -> float:
        self.producer.execute("INSERT INTO job (number) VALUES (%s)", [number])
        return time.time()


def start_taskhub(servers: Servers) -> list[int]:
    """Worker and scheduler, as a deployment runs them."""
    app = "benchmarks.workers.taskhub"
    worker = servers.celery(app, "worker", "--loglevel=INFO", JOBS_QUEUES=f"default={PROCESSES}")
    return [worker, servers.work("manage.py", "jobs_scheduler")]


def start(servers: Servers) -> list[Engine]:
    pids = start_taskhub(servers)
    return [
        Celery(servers),  # the first is what the others are compared with
        TaskHub("database only", servers, pids, taskhub.DATABASE),
        TaskHub("external part", servers, pids, taskhub.EXTERNAL),
        TaskHub("external part and finish", servers, pids, taskhub.BOTH),
        Procrastinate(servers),
        Loop(servers, 1),
        Loop(servers, 50),
    ]
