"""`python -m benchmarks.tickets`: a plan of 25 files and 50,000 rows, from upload to tasks, beside POST /tasks/batch.

The server and one worker run as a deployment runs them, on a PostgreSQL that syncs to disk. Memory is the most that the
worker's processes had together, seen twenty times a second.
"""

import argparse
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import psutil

from benchmarks import machine
from benchmarks.report import table
from benchmarks.servers import Owned
from devstack.service import temporary_home, wait_until

FILES = 25
CSV = {"Content-Type": "text/csv"}


def bundles(number: int) -> str:
    rows = (f"{n},Bundle {n},bundle_{n},Content type,What number {n} is about" for n in range(number))
    return "\n".join(["ID,Name,Machine name,Type,Description", *rows])


def fields(first: int, number: int, of: int) -> str:
    header = "ID,Bundle,Field label,Machine name,Field type,Ref. bundle,Req'd,Vals.,Help text,Bundle machine name"
    rows = (
        f"{n},Bundle {n % of} (Content type),Field {n},field_{n},Text (plain),,Yes,1,Say what it is,bundle_{n % of}"
        for n in range(first, first + number)
    )
    return "\n".join([header, *rows])


def sheets(rows: int) -> Iterator[tuple[str, str]]:
    """One file of bundles, and the others of fields."""
    of = rows // FILES
    yield "Bundles.csv", bundles(of)
    for n in range(FILES - 1):
        yield f"Fields {n}.csv", fields(n * of, of, of)


class Memory:
    """The most that a process and its children had, in MiB."""

    def __init__(self, pid: int) -> None:
        self.most, self.stop = 0.0, threading.Event()
        self.thread = threading.Thread(target=self.look, args=(pid,))
        self.thread.start()

    def look(self, pid: int) -> None:
        while not self.stop.wait(0.05):
            found = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
            try:
                self.most = max(self.most, max(one.memory_info().rss for one in found) / 2**20)
            except psutil.NoSuchProcess:
                continue


def timed(work: Callable[[], Any]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def done(client: httpx.Client, answer: httpx.Response) -> None:
    """Waits for the job of a 202."""
    if answer.raise_for_status().status_code == 202:
        path = f"/jobs/{answer.json()['job_id']}"
        wait_until(lambda: client.get(path).json()["state"] in ("succeeded", "failed"), 1800)


def batches(client: httpx.Client, number: int) -> float:
    """Tasks a second by POST /tasks/batch, with texts as long as those of tickets."""
    text = "As an editor I need it. " * 40
    operations = [{"op": "create", "task": {"title": "Content type: News", "description": text}} for _ in range(200)]

    def send() -> None:
        for _ in range(number // 200):
            client.post("/tasks/batch", json={"operations": operations}).raise_for_status()

    return number / timed(send)


def rows(client: httpx.Client, number: int, granularity: str) -> Iterator[list[str]]:
    plan = client.post("/plans", json={"site_name": "Large", "granularity": granularity}).json()["id"]

    def upload() -> None:
        for name, text in sheets(number):
            client.post(f"/plans/{plan}/files", params={"name": name}, content=text, headers=CSV).raise_for_status()

    yield ["upload", f"{timed(upload):,.1f} s", f"{number:,} rows in {FILES} files"]
    yield ["check", f"{timed(lambda: done(client, client.post(f'/plans/{plan}/check'))):,.1f} s", ""]
    took = timed(lambda: done(client, client.post(f"/plans/{plan}/generate")))
    counted = client.get(f"/plans/{plan}").json()["tickets"]["total"]
    yield ["generate", f"{took:,.1f} s", f"{counted / took:,.0f} tickets a second ({counted:,})"]
    make_ready(client, plan)
    yield ["validate", f"{timed(lambda: client.post(f'/plans/{plan}/validate').raise_for_status()):,.1f} s", ""]
    took = timed(lambda: done(client, client.post(f"/plans/{plan}/export")))
    beside = batches(client, 10_000)
    rate = counted / took
    yield [
        "export",
        f"{took:,.1f} s",
        f"{rate:,.0f} tasks a second: {rate / beside:.2f} of POST /tasks/batch ({beside:,.0f})",
    ]


def make_ready(client: httpx.Client, plan: str) -> None:
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(
            f"/plans/{plan}/tickets", params={"limit": 100, **({"cursor": cursor} if cursor else {})}
        ).json()
        changes = {"ids": [ticket["id"] for ticket in page["items"]], "changes": {"ready": True}}
        client.patch(f"/plans/{plan}/tickets", json=changes).raise_for_status()
        cursor = page["meta"]["next_cursor"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.tickets", description=__doc__.partition("\n")[0])
    parser.add_argument("--rows", type=int, default=50_000)
    parser.add_argument("--granularity", choices=("entity", "row"), default="row")
    asked = parser.parse_args()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    settings = {"ACCESS_TOKEN_MINUTES": "1440"}
    with temporary_home() as home, Owned(home, durable=True, **settings) as service:
        worker = service.start("-m", "celery", "-A", "taskhub", "worker", JOBS_QUEUES="bulk=1")
        service.processes += [worker, service.start("manage.py", "jobs_scheduler")]
        memory = Memory(worker.pid)
        with service.signed_up("planner") as client:
            client.timeout = httpx.Timeout(120)
            print(table(("step", "takes", ""), []), flush=True)
            for row in rows(client, asked.rows, asked.granularity):
                print(f"| {' | '.join(row)} |", flush=True)
        memory.stop.set()
        memory.thread.join()
        print(f"\nThe largest process of the worker had {memory.most:,.0f} MiB.")


if __name__ == "__main__":
    main()
