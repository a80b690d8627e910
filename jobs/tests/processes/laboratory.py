"""Runs jobs in processes of their own that tests may kill, and counts what they did."""

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path

import psycopg
import redis
from psycopg.rows import namedtuple_row

from devstack.processes import die_with_parent
from devstack.service import ROOT, wait_until

GATE = 7  # an advisory lock that competitors wait for, so that all can be let go at once
AT_ONCE = 8
# No unique constraint: an effect that happens twice is there twice
TABLES = (
    "CREATE TABLE effect (job_id text NOT NULL); CREATE TABLE effect_count (job_id text PRIMARY KEY, n int NOT NULL)"
)
FINAL = ("succeeded", "failed", "cancelled", "needs_review")
CLAIMABLE = (
    "(state = 'queued' AND run_at <= clock_timestamp() OR state = 'running' AND lease_until < clock_timestamp())"
)


@contextmanager
def frozen(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def fill_disk(valkey):
    """Let it fail to save. It then refuses to write, and to give a message away, as it does when its disk is full."""
    in_the_way = valkey.folder / "dump.rdb"  # the name that the file would have
    in_the_way.mkdir()
    try:
        with redis.Redis.from_url(valkey.url, socket_timeout=2) as server:
            server.config_set("save", "3600 1")  # one that never saves by itself would not mind
            server.bgsave()
            wait_until(lambda: not server.info("persistence")["rdb_bgsave_in_progress"])
    finally:
        in_the_way.rmdir()


def free_disk(valkey):
    with redis.Redis.from_url(valkey.url, socket_timeout=2) as server:
        server.config_set("save", "")


class Laboratory:
    def __init__(self, environment, home):
        self.sink, self.log = home / "sink", home / "forker.log"
        self.sink.touch()
        self.environment = {**environment, "TASKHUB_TEST_SINK": str(self.sink)}
        self.names = 0

    def __enter__(self):
        self.connect()
        self.database.execute(TABLES)
        with self.log.open("wb") as log:
            self.forker = subprocess.Popen(
                [sys.executable, "-m", "jobs.tests.processes.forker"],
                cwd=ROOT,
                env={**self.environment, "DJANGO_SETTINGS_MODULE": "taskhub.settings"},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                preexec_fn=die_with_parent(signal.SIGKILL),
            )
        return self

    def connect(self):
        url = self.environment.get("DATABASE_OWNER_URL") or self.environment["DATABASE_URL"]
        self.database = psycopg.connect(url, autocommit=True, row_factory=namedtuple_row)

    def reconnect(self):
        self.database.close()
        self.connect()

    def __exit__(self, *error):
        self.forker.kill()  # and its children die with it
        self.forker.communicate()
        self.database.close()

    def ask(self, **command):
        self.forker.stdin.write(json.dumps(command) + "\n")
        self.forker.stdin.flush()
        answer = self.forker.stdout.readline()
        assert answer, self.log.read_text()
        return json.loads(answer)

    def start(self, command, *arguments, failpoints=None, mutant=""):
        """Returns the pid of the process that carries it out."""
        return self.ask(do=command, arguments=arguments, failpoints=failpoints or {}, mutant=mutant)

    def wait(self, pid):
        """What the process had to say at its end, or the name of the signal that killed it."""
        return self.ask(do="wait", pid=pid)

    def call(self, command, *arguments, **options):
        return self.wait(self.start(command, *arguments, **options))

    def run(self, job_id, **options):
        return self.call("run", job_id, **options)

    def control(self, job_id, action):
        """What a person wants. Returns the state that follows, or `Refused`."""
        return self.call("control", job_id, action)

    def run_all(self, job_ids, failpoints=()):
        """A process for each, eight at a time. Returns what each had to say."""
        said, pids = {}, {}
        for job_id, armed in zip_longest(job_ids, failpoints):
            pids[job_id] = self.start("run", job_id, failpoints=armed)
            if len(pids) == AT_ONCE:
                said |= self.wait_all(pids)
        return said | self.wait_all(pids)

    def wait_all(self, pids):
        said = {name: self.wait(pid) for name, pid in pids.items()}
        pids.clear()
        return said

    def enqueue(self, kind, **payload):
        return self.enqueue_all([(kind, payload)])[0]

    def enqueue_all(self, jobs):
        """In one transaction. Returns the ids."""
        jobs = [(kind, str(self.names + n), payload) for n, (kind, payload) in enumerate(jobs)]
        self.names += len(jobs)
        assert self.call("enqueue", jobs) == "enqueued", self.log.read_text()
        return [f"{kind}:{key}" for kind, key, _ in jobs]

    def sql(self, statement, *values):
        return self.database.execute(statement, values).fetchall()

    def waiting(self, locktype):
        """The connections to this database that wait for such a lock: tests run beside others on one server."""
        held_up = "pid IN (SELECT pid FROM pg_stat_activity WHERE datname = current_database())"
        return self.sql(f"SELECT FROM pg_locks WHERE NOT granted AND locktype = %s AND {held_up}", locktype)

    def job(self, job_id):
        """The row, or None."""
        return next(iter(self.sql("SELECT * FROM job_log WHERE job_id = %s", job_id)), None)

    def attempts(self, job_id):
        """The outcome of each, in order; None while it lasts."""
        rows = self.sql("SELECT outcome FROM job_attempt WHERE job_id = %s ORDER BY attempt", job_id)
        current = {"running": [None], "succeeded": ["succeeded"]}.get(self.job(job_id).state, [])
        return [row.outcome for row in rows] + current

    def effects(self, job_id):
        """Those in the database, by two witnesses that must say the same, and those outside."""
        (rows,) = self.sql("SELECT count(*) AS n FROM effect WHERE job_id = %s", job_id)
        (counted,) = self.sql("SELECT coalesce(max(n), 0) AS n FROM effect_count WHERE job_id = %s", job_id)
        assert rows.n == counted.n
        return rows.n, Counter(self.sink.read_text().splitlines())[job_id]

    def finished(self, job_id):
        return self.job(job_id).state in FINAL

    def claimable(self, job_id):
        return bool(self.sql(f"SELECT FROM job_log WHERE job_id = %s AND {CLAIMABLE}", job_id))

    def run_to_the_end(self, job_id, **options):
        """Again and again, as the sweep would have it."""
        while not self.finished(job_id):
            wait_until(lambda: self.claimable(job_id), seconds=10)
            self.run(job_id, **options)

    def start_and_see_it_stop(self, job_id, **options):
        """A run that halts where its payload says. Returns its pid."""
        return self.halted(self.start("run", job_id, **options), "T")

    def halted(self, pid, states):
        """That process, once it is in one of the states: T is stopped, Z has ended."""
        wait_until(lambda: Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in states, seconds=5)
        return pid
