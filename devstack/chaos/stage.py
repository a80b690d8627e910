"""Where a run takes place: servers behind a bad network, workers, schedulers, producers, a mail server."""

import signal
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import redis
from aiosmtpd.controller import Controller
from psycopg.rows import namedtuple_row

from devstack.chaos.checker import FINAL
from devstack.chaos.parts import MARK, Part, marked, send
from devstack.chaos.proxy import Proxy
from devstack.chaos.records import Records
from devstack.ports import free_port
from devstack.service import Service, wait_until
from devstack.valkey import Valkey
from jobs.tests.processes.laboratory import TABLES

# Without the recurring jobs, which nobody here waits for
PROGRESS = """SELECT count(*) AS jobs, count(*) FILTER (WHERE state <> ALL(%s)) AS unfinished
    FROM job_log WHERE kind <> 'cron'"""
PROCESSES = 3  # of a worker for each queue
# The first worker is of the release before, and its clock is an hour ahead where libfaketime is installed
FAKETIME = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
BEHIND = {"CHAOS_RELEASE": "old"}
if FAKETIME:
    BEHIND |= {"LD_PRELOAD": str(FAKETIME), "FAKETIME": "+1h", "FAKETIME_DONT_FAKE_MONOTONIC": "1"}
SCHEDULER = [sys.executable, "-m", "devstack.chaos.sweeper"]
CELERY = [sys.executable, "-m", "celery", "-A", "devstack.chaos.celery_app"]


class Postbox(Controller):
    """A mail server that records the recipient and Message-ID of each mail."""

    def __init__(self, records, port):
        super().__init__(self, hostname="127.0.0.1", port=port)
        self.records = records

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 - aiosmtpd's word
        headers = envelope.content.decode().partition("\r\n\r\n")[0].split("\r\n")
        (message_id,) = (line.partition(": ")[2] for line in headers if line.lower().startswith("message-id: "))
        for recipient in envelope.rcpt_tos:
            self.records.write("mail", f"{recipient.partition('@')[0]} {message_id}")
        return "250 OK"


class Stage(Service):
    """PostgreSQL is as durable as a real one, Valkey forgets all when it ends. No API server runs."""

    def __init__(self, home, workers=2, schedulers=2, **settings):
        smtp = free_port()
        mail = f"smtp://127.0.0.1:{smtp}"
        super().__init__(
            home, durable=True, EMAIL_URL=mail, JOBS_QUEUES=f"default={PROCESSES},mail={PROCESSES}", **settings
        )
        self.valkey = Valkey(home, durable=False)
        self.settings |= {MARK: str(home)}
        self.records = Records(home)
        self.postbox = Postbox(self.records, smtp)
        self.numbers = workers, schedulers
        self.proxies, self.parts = {}, []

    def __enter__(self):
        with ExitStack() as opened:
            for name in ("postgres", "valkey"):
                server = getattr(self, name)
                opened.callback(server.stop)
                server.start()
                self.proxies[name] = opened.enter_context(Proxy(server.port))
            self.manage("migrate", "--no-input", "-v0")
            self.database = self.connect()
            self.database.execute(TABLES)
            opened.callback(self.postbox.stop)
            self.postbox.start()
            opened.callback(self.end_all)
            self.start_parts()
            self.opened = opened.pop_all()
        return self

    def __exit__(self, *error):
        self.database.close()
        self.opened.close()

    def start_parts(self):
        workers, schedulers = self.numbers
        self.workers = [
            self.part(f"worker{n}", *CELERY, "worker", "-n", f"worker{n}@%h", **(BEHIND if n == 0 else {}))
            for n in range(workers)
        ]
        self.schedulers = [self.part(f"scheduler{n}", *SCHEDULER) for n in range(schedulers)]
        wait_until(self.all_have_taken_a_message)

    def all_have_taken_a_message(self):
        self.nudge()
        return all(self.records.last_pulse(worker.name) for worker in self.workers)

    def nudge(self):
        """Send a wake-up without a job, which shows whether each worker takes messages."""
        broker = redis.Redis.from_url(self.valkey.url, socket_timeout=0.1, socket_connect_timeout=0.1)
        with broker, suppress(redis.RedisError):  # it is down, or frozen, at this moment
            if broker.llen("default") < len(self.workers):
                broker.lpush("default", b"{}")

    def part(self, name, *command, **changes):
        self.parts.append(Part(name, command, {**self.environment, **changes}, self.home))
        return self.parts[-1]

    @property
    def environment(self):
        """Everybody but the checker goes through the proxies."""
        urls = {"DATABASE_URL": self.postgres.application_url, "REDIS_URL": self.valkey.url}
        ports = {"DATABASE_URL": self.proxies["postgres"].port, "REDIS_URL": self.proxies["valkey"].port}
        return {**super().environment, **{name: with_port(url, ports[name]) for name, url in urls.items()}}

    def connect(self):
        return psycopg.connect(self.postgres.url, autocommit=True, row_factory=namedtuple_row)

    def sql(self, statement, *values):
        """On a connection of its own kind: whoever restarts PostgreSQL says so by reconnect()."""
        return self.database.execute(statement, values).fetchall()

    def progress(self):
        """How many jobs are registered, and how many of them unfinished."""
        return self.sql(PROGRESS, [*FINAL])[0]

    def reconnect(self):
        self.database.close()
        self.database = self.connect()

    def end_all(self):
        """Kills whatever this run has started and nothing else, be it an orphan; the servers end in order later."""
        servers = {self.postgres.pid, self.valkey.pid}
        for pid in marked(self.home):
            if pid not in servers:
                send(pid, signal.SIGKILL)
        for part in self.parts:
            part.process.wait()


def with_port(url, port):
    parts = urlsplit(url)
    return parts._replace(netloc=f"{parts.netloc.rpartition(':')[0]}:{port}").geturl()
