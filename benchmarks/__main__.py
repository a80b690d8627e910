"""`python3 -m devstack bench`: TaskHub beside stock Django REST framework, Litestar with asyncpg, and, if given, the
FastAPI service that it replaces and Django-Bolt."""

import argparse
import os
import secrets
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg

from benchmarks import http, machine
from benchmarks.programs import FIRST, PROCESSES, THREADS, Bolt, Litestar, Original, Stock, TaskHub
from benchmarks.report import Table
from benchmarks.servers import Owned
from devstack.service import Service, temporary_home

PARTS = ("requests", "connections", "rates", "sizes")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python3 -m devstack bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="a part; all without it")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="that one program is asked one thing in one round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=200_000, help="in the database, a quarter of them in one list")
    parser.add_argument("--sizes", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="TASKS")
    parser.add_argument("--original", type=Path, metavar="CHECKOUT", help="the FastAPI service; docs/PERFORMANCE.md")
    parser.add_argument("--bolt", type=Path, metavar="PYTHON", help="an interpreter that has Django-Bolt")
    parser.add_argument("--draw", type=Path, metavar="FOLDER", help="saves a drawing of each table as SVG")
    return parser.parse_args()


def programs(service: Service, asked: argparse.Namespace) -> Iterator[TaskHub]:
    yield TaskHub(service)
    yield Stock(service)
    yield Litestar(service)
    if asked.original:
        yield Original(service, asked.original)
    bolt = asked.bolt or (Path(sys.executable) if find_spec("django_bolt") else None)
    if bolt:
        yield Bolt(service, bolt)


def tables(programs: Sequence[TaskHub], asked: argparse.Namespace) -> Iterator[Table]:
    parts = asked.only or PARTS
    if "requests" in parts:
        yield http.by_kind(programs, asked.rounds, asked.connections, asked.seconds)
        yield http.by_memory(programs)
    if "connections" in parts:
        yield http.by_connections(programs, asked.rounds, asked.seconds / 2)
    if "rates" in parts:
        yield http.by_rate(programs, [FIRST], asked.connections, asked.seconds * asked.rounds)
    if "sizes" in parts:
        yield http.by_size(programs, asked.sizes, asked.rounds, asked.connections, asked.seconds / 2)


def run(programs: Sequence[TaskHub], asked: argparse.Namespace) -> None:
    for program in programs:
        program.sign_up()
        program.fill(asked.tasks, asked.tasks // 4)
    for program in programs:
        program.prepare(asked.tasks // 4 - 100)
    http.check(programs)
    started, others = time.monotonic(), machine.others_seconds()
    for table in tables(programs, asked):
        print(table, flush=True)
        if asked.draw:
            table.save(asked.draw)
    busy = (machine.others_seconds() - others) / (time.monotonic() - started)
    print(f"Other processes kept {busy:.2f} cores busy meanwhile.")


def main() -> None:
    if sys.platform != "linux":
        raise SystemExit("The benchmark reads CPU time from /proc and chooses cores: it needs Linux.")
    asked = read_arguments()
    print(*machine.facts(), machine.noise(), sep="\n", flush=True)
    generator, measured = machine.take_cores()
    os.sched_setaffinity(0, measured)  # what is started from here on inherits it
    settings = {
        "TASKHUB_ENV": "development",
        "ACCESS_TOKEN_MINUTES": "1440",
        "JWT_SIGNING_KEYS": f"bench:{secrets.token_urlsafe(48)}",
        "WEB_WORKERS": str(PROCESSES),
        "WEB_THREADS": str(THREADS),
    }
    with temporary_home() as home, Owned(home, durable=True, **settings) as service:
        compared = list(programs(service, asked))
        with psycopg.connect(service.postgres.url) as connection:
            print("PostgreSQL", connection.execute("SHOW server_version").fetchone()[0])
        missing = {Original, Bolt} - {type(program) for program in compared}
        print("".join(f"Left out, because it was not given: {program.name}.\n" for program in missing), flush=True)
        os.sched_setaffinity(0, generator)
        run(compared, asked)


if __name__ == "__main__":
    main()
