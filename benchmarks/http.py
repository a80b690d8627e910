"""`python -m benchmarks.http`: TaskHub against the same API in stock Django REST framework, and in FastAPI if given.

All run at the same time on one PostgreSQL and are asked in turn, round by round. docs/PERFORMANCE.md explains it.
"""

import argparse
import os
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import NamedTuple

import psycopg

from benchmarks import machine
from benchmarks.load import WrongAnswer, ask_once, drive
from benchmarks.programs import PROCESSES, THREADS, Original, Stock, TaskHub
from benchmarks.report import ratios, spread, table
from devstack.service import Service, temporary_home

TITLES = (
    *("request", "program", "requests/s", "TaskHub = 1"),
    *("CPU µs: server", "PostgreSQL", "together, TaskHub = 1"),
)


class Round(NamedTuple):
    """What one program did with one kind of request in one round. CPU in microseconds per request."""

    rate: float
    server: float
    database: float

    @property
    def cpu(self) -> float:
        return self.server + self.database


Rounds = dict[tuple[str, str], list[Round]]  # by request and program


def measure(program: TaskHub, kind: str, connections: int, seconds: float) -> Round:
    trees = (program.process.pid, program.service.postgres.pid or 0)
    before = [machine.cpu_seconds(pid) for pid in trees]
    count, elapsed = drive(program.port, program.requests[kind], connections, seconds)
    after = [machine.cpu_seconds(pid) for pid in trees]
    server, database = ((end - start) * 1e6 / count for start, end in zip(before, after, strict=True))
    return Round(count / elapsed, server, database)


def check(programs: Sequence[TaskHub]) -> None:
    """Asks each once. Raises WrongAnswer unless all say the same."""
    for kind in programs[0].requests:
        able = [program for program in programs if kind in program.requests]
        said = {program.name: program.meaning(ask_once(program.port, program.requests[kind])) for program in able}
        if any(meaning != said[programs[0].name] for meaning in said.values()):
            raise WrongAnswer(f"{kind}: {said}")


def compare(programs: Sequence[TaskHub], rounds: int, connections: int, seconds: float) -> Rounds:
    """The first round, in which plans are prepared and caches filled, does not count."""
    measured: Rounds = defaultdict(list)
    for number in range(rounds + 1):
        for kind in programs[0].requests:
            for program in programs:
                if kind in program.requests:
                    done = measure(program, kind, connections, seconds)
                    measured[kind, program.name] += [done] if number else []
    return measured


def rows(measured: Rounds) -> Iterator[list[str]]:
    for (kind, name), theirs in measured.items():
        ours = measured[kind, TaskHub.name]
        yield [
            kind,
            name,
            spread([done.rate for done in theirs]),
            "1" if theirs is ours else spread(ratios([done.rate for done in theirs], [done.rate for done in ours]), 2),
            f"{median(done.server for done in theirs):,.0f}",
            f"{median(done.database for done in theirs):,.0f}",
            "1" if theirs is ours else spread(ratios([done.cpu for done in theirs], [done.cpu for done in ours]), 2),
        ]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.http", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2, help="that one program is asked one thing in one round")
    parser.add_argument("--connections", type=int, default=8)
    parser.add_argument("--tasks", type=int, default=200_000, help="in the database, a quarter of them in one list")
    parser.add_argument("--original", type=Path, metavar="CHECKOUT", help="the FastAPI service; docs/PERFORMANCE.md")
    return parser.parse_args()


def run(service: Service, programs: Sequence[TaskHub], asked: argparse.Namespace) -> None:
    """Fills, checks, measures, prints."""
    list_length = asked.tasks // 4
    for program in programs:
        program.fill(asked.tasks, list_length)
    for program in programs:
        program.prepare(list_length - 100)
    check(programs)
    started, others = time.monotonic(), machine.others_seconds()
    measured = compare(programs, asked.rounds, asked.connections, asked.seconds)
    busy = (machine.others_seconds() - others) / (time.monotonic() - started)
    print(table(TITLES, rows(measured)))
    print(f"\nOther processes kept {busy:.2f} cores busy meanwhile. PostgreSQL {server_version(service)}.")


def server_version(service: Service) -> str:
    with psycopg.connect(service.postgres.url) as connection:
        return connection.execute("SHOW server_version").fetchone()[0]


def main() -> None:
    if sys.platform != "linux":
        raise SystemExit("The benchmark reads CPU time from /proc and chooses cores: it needs Linux.")
    asked = read_arguments()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    generator, measured = machine.take_cores()
    os.sched_setaffinity(0, measured)  # what is started from here on inherits it
    settings = {"TASKHUB_ENV": "development", "ACCESS_TOKEN_MINUTES": "1440"}
    servers = {"WEB_WORKERS": str(PROCESSES), "WEB_THREADS": str(THREADS)}
    with temporary_home() as home, Service(home, durable=True, **settings, **servers) as service:
        programs = [TaskHub(service), Stock(service), *([Original(service, asked.original)] if asked.original else [])]
        os.sched_setaffinity(0, generator)
        run(service, programs, asked)


if __name__ == "__main__":
    main()
