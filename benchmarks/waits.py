"""`python -m benchmarks.waits`: how long requests wait while the largest things are done beside them.

A table of --tasks of one owner is migrated, their list is deleted with all of them, and then the account. Meanwhile the
owner and another user read and write, one request after the other, and every 10 ms it is seen how long the oldest
transaction that has written is open: no lock of a row is held for longer.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import httpx
import psycopg

from benchmarks import machine
from benchmarks.report import table
from benchmarks.servers import Owned
from devstack.service import temporary_home, wait_until

FILL = """
    INSERT INTO tasks (id, owner_id, list_id, title, description, status, created_at, updated_at)
    SELECT uuidv7(), owner_id, id, 'Task ' || n, 'With some words, and ' || md5(n::text),
        CASE n %% 3 WHEN 0 THEN 'in_progress' ELSE 'todo' END, now() - n * interval '1 s', now()
    FROM task_list, generate_series(%s::int, %s::int) AS n WHERE id = %s
"""
BATCH = 20_000
UNFILLED = (
    "ALTER TABLE tasks DISABLE TRIGGER USER",
    "UPDATE tasks SET position = ''",
    "ALTER TABLE tasks ENABLE TRIGGER USER",
    "TRUNCATE task_search",
    "VACUUM ANALYZE tasks",
)
OLDEST = """
    SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0) FROM pg_stat_activity
    WHERE backend_xid IS NOT NULL AND backend_type = 'client backend' AND pid <> pg_backend_pid()
        AND query NOT LIKE ALL ('{%INDEX CONCURRENTLY%,%VALIDATE CONSTRAINT%}') -- which let others write
"""
UNDONE = "SELECT count(*) FROM job_log WHERE finished_at IS NULL AND kind IN ('empty_list', 'account_deletion')"
BEFORE = "0009"  # the last migration before the words and indexes of tasks


class Watch:
    """What was waited for, in seconds, until `stop` is set."""

    def __init__(self, url: str, clients: dict[str, httpx.Client]) -> None:
        self.stop, self.oldest = threading.Event(), 0.0
        self.slowest = dict.fromkeys(clients, 0.0)
        self.requests = dict.fromkeys(clients, 0)
        self.threads = [threading.Thread(target=self.look, args=(url,))]
        for name, client in clients.items():
            self.threads.append(threading.Thread(target=self.ask, args=(name, client)))

    def look(self, url: str) -> None:
        with psycopg.connect(url, autocommit=True) as database:
            while not self.stop.wait(0.01):
                (age,) = database.execute(OLDEST).fetchone() or (0,)
                self.oldest = max(self.oldest, float(age))

    def ask(self, name: str, client: httpx.Client) -> None:
        known = client.post("/tasks/", json={"title": "Buy milk"}).raise_for_status().json()["id"]
        while not self.stop.is_set():
            title = {"title": f"Buy {self.requests[name]} milks"}
            requests: list[tuple[str, str, Any]] = [
                ("GET", "/tasks/", None),
                ("POST", "/tasks/", title),
                ("PATCH", f"/tasks/{known}", title),
            ]
            for method, path, body in requests:
                started = time.perf_counter()
                client.request(method, path, json=body).raise_for_status()
                self.slowest[name] = max(self.slowest[name], time.perf_counter() - started)
                self.requests[name] += 1


@contextmanager
def watching(service: Owned, clients: dict[str, httpx.Client]) -> Iterator[Watch]:
    watch = Watch(service.postgres.url, clients)
    for thread in watch.threads:
        thread.start()
    try:
        yield watch
    finally:
        watch.stop.set()
        for thread in watch.threads:
            thread.join()


def fill(service: Owned, tasks: int, of: str) -> None:
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        for first in range(1, tasks + 1, BATCH):
            database.execute(FILL, [first, min(first + BATCH - 1, tasks), of])
        database.execute("VACUUM ANALYZE")


def migrate(service: Owned, *to: str) -> None:
    if service.start("manage.py", "migrate", *to, "--no-input", "-v0").wait():
        raise SystemExit(f"It was not migrated: {service.log.read_text()[-2000:]}")


def measure(service: Owned, clients: dict[str, httpx.Client], what: str, work: Callable[[], None]) -> list[str]:
    with watching(service, clients) as watch:
        started = time.perf_counter()
        work()
        took = time.perf_counter() - started
    waits = [f"{watch.slowest[name] * 1000:,.0f}" if name in clients else "" for name in ("owner", "other")]
    return [what, f"{took:,.0f} s", f"{sum(watch.requests.values()):,}", *waits, f"{watch.oldest * 1000:,.0f}"]


def rows(service: Owned, owner: httpx.Client, other: httpx.Client, tasks: int) -> Iterator[list[str]]:
    of = owner.post("/lists/", json={"name": "All"}).raise_for_status().json()["id"]
    fill(service, tasks, of)
    both = {"owner": owner, "other": other}
    migrate(service, "tasks", BEFORE)
    for statement in UNFILLED:
        service.sql(statement)
    yield measure(service, both, "migrating from tasks 0009", lambda: migrate(service))

    def delete_list() -> None:
        owner.delete(f"/lists/{of}?tasks=delete").raise_for_status()
        wait_for_jobs(service)

    yield measure(service, both, "deleting the list with its tasks", delete_list)

    def close() -> None:
        again = {"username": "owner", "password": "correct horse battery"}  # a sign-in of some minutes ago is too old
        token = owner.post("/auth/login", data=again).raise_for_status().json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        owner.request("DELETE", "/auth/me", headers=headers).raise_for_status()
        wait_for_jobs(service)

    yield measure(service, {"other": other}, "deleting the account", close)


def wait_for_jobs(service: Owned) -> None:
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        wait_until(lambda: database.execute(UNDONE).fetchone() == (0,), 7200)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.waits", description=__doc__.partition("\n")[0])
    parser.add_argument("--tasks", type=int, default=1_000_000)
    asked = parser.parse_args()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    titles = ("while", "takes", "requests", "slowest of the owner, ms", "of another, ms", "oldest transaction, ms")
    settings = {"QUOTA_TASKS": "100000000", "ACCESS_TOKEN_MINUTES": "1440"}
    with temporary_home() as home, Owned(home, durable=True, **settings) as service, ExitStack() as stack:
        for arguments in (("-m", "celery", "-A", "taskhub", "worker"), ("manage.py", "jobs_scheduler")):
            service.processes.append(service.start(*arguments))
        owner, other = (stack.enter_context(service.signed_up(name)) for name in ("owner", "other"))
        print(table(titles, []), flush=True)
        for row in rows(service, owner, other, asked.tasks):
            print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
