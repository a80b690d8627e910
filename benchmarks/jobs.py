"""`python -m benchmarks.jobs`: TaskHub's background jobs against Celery alone, procrastinate and a plain loop.

All have the same PostgreSQL and Valkey and take turns, round by round; meanwhile the others stand still. Each job does
nothing. docs/PERFORMANCE.md explains it. With --plans: what an idle system costs, and plans among many finished jobs.
"""

import argparse
import os
import signal
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import import_module
from statistics import median, quantiles
from typing import Any, NamedTuple

from benchmarks import machine
from benchmarks.report import ratios, spread, table
from benchmarks.servers import Servers
from devstack.service import temporary_home, wait_until

BACKLOG_SECONDS = 120  # seconds for a backlog
IDLE = 20  # jobs per second, so that each finds an idle system
BACKLOG = ("a backlog", "jobs/s", "Celery = 1", "CPU µs: workers", "PostgreSQL", "Valkey", "statements", "enqueued/s")
LATENCY = ("ms from commit to finished", "idle: p50", "p99", "under load: p50", "p99")


PEAK = ("many at once", "enqueued/s", "Celery's messages = 1", "due at one instant", "jobs/s")


class Round(NamedTuple):
    """What one engine did. CPU in microseconds per job of the backlog, latencies in milliseconds."""

    rate: float
    cpu: list[float]
    statements: float
    enqueued: float
    idle: list[float]
    load: list[float]


Rounds = dict[str, list[Round]]  # by engine


@contextmanager
def at_work(engine: Any) -> Iterator[None]:
    signal_all(engine, signal.SIGCONT)
    try:
        yield
    finally:
        signal_all(engine, signal.SIGSTOP)


def signal_all(engine: Any, number: int) -> None:
    for pid in engine.pids:
        for member in machine.family(pid):
            os.kill(member, number)


def produce(engine: Any, count: int, pace: float | None = None) -> dict[int, float]:
    """Enqueue jobs one by one, so many per second or as fast as it goes. Returns from when each could be done."""
    first, started, given = engine.given, time.perf_counter(), {}
    for n in range(count):
        if pace:
            time.sleep(max(0, started + n / pace - time.perf_counter()))
        given[first + n] = engine.enqueue(first + n)
    engine.given += count
    return given


def wait(engine: Any) -> None:
    wait_until(lambda: engine.is_done(engine.given), BACKLOG_SECONDS)


def latencies(engine: Any, asked: argparse.Namespace, pace: float) -> list[float]:
    given = produce(engine, int(asked.seconds * pace), pace)
    wait(engine)
    finished = engine.finished()
    return [(finished[number] - moment) * 1000 for number, moment in given.items()]


def one_round(servers: Servers, engine: Any, asked: argparse.Namespace) -> Round:
    """A backlog, which came while the workers stood still; then one job after another."""
    started = time.perf_counter()
    given = produce(engine, asked.jobs)
    enqueued = asked.jobs / (time.perf_counter() - started)
    before = [*servers.cpu(engine.pids), engine.statements()]
    started = time.time()
    with at_work(engine):
        wait(engine)
        after = [*servers.cpu(engine.pids), engine.statements()]
        *spent, statements = ((end - start) / asked.jobs for start, end in zip(before, after, strict=True))
        finished = engine.finished()
        rate = asked.jobs / (max(finished[number] for number in given) - started)
        idle, load = (latencies(engine, asked, pace) for pace in (IDLE, asked.pace))
    return Round(rate, [seconds * 1e6 for seconds in spent], statements, enqueued, idle, load)


def compare(servers: Servers, engines: Sequence[Any], asked: argparse.Namespace) -> Rounds:
    """The first round, in which plans are prepared and caches filled, does not count."""
    for engine in engines:
        produce(engine, 1)
        wait(engine)  # it is there
    for engine in engines:
        signal_all(engine, signal.SIGSTOP)
    measured: Rounds = defaultdict(list)
    for number in range(asked.rounds + 1):
        for engine in engines:
            done = one_round(servers, engine, asked)
            measured[engine.name] += [done] if number else []
    return measured


def peak(engine: Any, celery: Any, asked: argparse.Namespace) -> Iterator[list[str]]:
    """As many jobs in one transaction, all due a moment later, and how fast they are done then."""
    ratio, rates = [], []
    for _ in range(asked.rounds):
        started = time.perf_counter()
        produce(celery, asked.jobs)
        sent = asked.jobs / (time.perf_counter() - started)
        rates.append(asked.jobs / engine.enqueue_many(asked.jobs))
        ratio.append(rates[-1] / sent)
    due = datetime.now(UTC) + timedelta(seconds=2 + asked.peak / 10_000)
    engine.enqueue_many(asked.peak, due)
    time.sleep(max(0, due.timestamp() - time.time()))
    with at_work(engine):
        wait(engine)
        done = max(engine.finished().values())
    with at_work(celery):
        wait(celery)
    backlog = asked.peak + asked.rounds * asked.jobs
    yield [
        engine.name,
        spread(rates),
        spread(ratio, 1),
        f"{asked.peak:,}",
        f"{backlog / (done - due.timestamp()):,.0f}",
    ]


def backlog_rows(measured: Rounds) -> Iterator[list[str]]:
    celery = next(iter(measured.values()))
    for name, rounds in measured.items():
        rates = [done.rate for done in rounds]
        yield [
            name,
            spread(rates),
            "1" if rounds is celery else spread(ratios(rates, [done.rate for done in celery]), 2),
            *(f"{median(part):,.0f}" for part in zip(*(done.cpu for done in rounds), strict=True)),
            f"{median(done.statements for done in rounds):.2f}",
            f"{median(done.enqueued for done in rounds):,.0f}",
        ]


def latency_rows(measured: Rounds) -> Iterator[list[str]]:
    """Of the jobs of all rounds together."""
    for name, rounds in measured.items():
        both = ([ms for done in rounds for ms in done.idle], [ms for done in rounds for ms in done.load])
        yield [name, *(f"{percentile(values, n):.1f}" for values in both for n in (50, 99))]


def percentile(values: list[float], n: int) -> float:
    return quantiles(values, n=100, method="inclusive")[n - 1]


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.jobs", description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=3000, help="of a backlog")
    parser.add_argument("--seconds", type=float, default=3, help="of idle, and of load, in one round")
    parser.add_argument("--pace", type=float, default=200, help="jobs per second under load")
    parser.add_argument("--peak", type=int, default=100_000, help="jobs that are due at one instant")
    parser.add_argument("--plans", type=int, metavar="ROWS", help="no comparison: plans among so many finished jobs")
    return parser.parse_args()


def run(servers: Servers, asked: argparse.Namespace) -> None:
    """Measures and prints."""
    engines = import_module("benchmarks.engines").start(servers)
    started, others = time.monotonic(), machine.others_seconds()
    try:
        measured = compare(servers, engines, asked)
        many = [row for engine in engines if hasattr(engine, "enqueue_many") for row in peak(engine, engines[0], asked)]
    finally:
        for engine in engines:
            signal_all(engine, signal.SIGCONT)  # or they could not end
    busy = (machine.others_seconds() - others) / (time.monotonic() - started)
    print(table(BACKLOG, backlog_rows(measured)), table(LATENCY, latency_rows(measured)), table(PEAK, many), sep="\n\n")
    print(f"\nOther processes kept {busy:.2f} cores busy meanwhile.")


def main() -> None:
    if sys.platform != "linux":
        raise SystemExit("The benchmark reads CPU time from /proc: it needs Linux.")
    asked = read_arguments()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    with temporary_home() as home, Servers(home, durable=True, TASKHUB_ENV="development") as servers:
        os.environ.update(servers.environment, DJANGO_SETTINGS_MODULE="taskhub.settings")
        if asked.plans is not None:
            import_module("benchmarks.plans").show(servers, asked.plans, asked.seconds)
        else:
            run(servers, asked)


if __name__ == "__main__":
    main()
