"""The API beside other programs: CPU by kind of request, connections and size of the table; memory; latency.

All programs run at the same time on one PostgreSQL and are asked in turn, round by round, in an order that changes.
`python -m benchmarks` runs it; docs/PERFORMANCE.md explains it.
"""

import random
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from statistics import median, quantiles
from typing import NamedTuple

from benchmarks import machine
from benchmarks.load import Request, WrongAnswer, arrive, ask_once, drive
from benchmarks.programs import DEEP, FIRST, TaskHub
from benchmarks.report import Table, ratios, spread

RATES = (0.25, 0.5, 0.75)  # of what a program can answer
CONNECTIONS = (1, 2, 4, 8, 16, 32, 64)
LONGEST_LIST = 250_000  # to find its end by cursors takes 2,500 requests of each program
MOST_WAITING = 64  # connections of an open loop


class Round(NamedTuple):
    """What one program did with one request in one round. CPU in microseconds per request."""

    rate: float
    server: float
    database: float

    @property
    def cpu(self) -> float:
        return self.server + self.database


def measure(program: TaskHub, request: Request, connections: int, seconds: float) -> Round:
    trees = (program.process.pid, program.service.postgres.pid or 0)
    before = [machine.cpu_seconds(pid) for pid in trees]
    count, elapsed = drive(program.port, request, connections, seconds)
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


Case = tuple[str, str]  # what is compared, and a program's name
Run = Callable[[], Round]


def in_rounds(cases: dict[Case, Run], rounds: int) -> dict[Case, list[Round]]:
    """Runs each case once a round. The first round, in which plans are prepared and caches filled, does not count."""
    measured: dict[Case, list[Round]] = defaultdict(list)
    dice = random.Random(1)
    for number in range(rounds + 1):
        for case in dice.sample(list(cases), len(cases)):
            done = cases[case]()
            measured[case] += [done] if number else []
    return {case: measured[case] for case in cases}


def by_kind(programs: Sequence[TaskHub], rounds: int, connections: int, seconds: float) -> Table:
    cases = {
        (kind, program.name): lambda program=program, request=program.requests[kind]: measure(
            program, request, connections, seconds
        )
        for kind in programs[0].requests
        for program in programs
        if kind in program.requests
    }
    measured = in_rounds(cases, rounds)
    titles = ("request", "program", "requests/s", "CPU µs: server", "PostgreSQL", "together, TaskHub = 1")
    rows = []
    for (kind, name), theirs in measured.items():
        ours = [done.cpu for done in measured[kind, TaskHub.name]]
        rows.append([
            kind,
            name,
            spread([done.rate for done in theirs]),
            f"{median(done.server for done in theirs):,.0f}",
            f"{median(done.database for done in theirs):,.0f}",
            "1" if name == TaskHub.name else spread(ratios([done.cpu for done in theirs], ours), 2),
        ])  # fmt: skip
    table = Table("CPU per request", titles, rows, unit="times the CPU of TaskHub")
    for kind in programs[0].requests:
        for program in programs:
            theirs = measured.get((kind, program.name), [])
            ours = [done.cpu for done in measured[kind, TaskHub.name]]
            table.draw(program.name, kind, median(ratios([done.cpu for done in theirs], ours)) if theirs else None)
    return table


def by_memory(programs: Sequence[TaskHub]) -> Table:
    """Asked after the load: what each has grown to."""
    table = Table("Memory", ("program", "MB"), [], unit="MB of all its processes (PSS)", logarithmic=False)
    for program in programs:
        used = machine.memory_mb(program.process.pid)
        table.rows.append([program.name, f"{used:,.0f}"])
        table.draw(program.name, "memory", used)
    return table


def by_step(title: str, steps: Iterable[str], programs: Sequence[TaskHub], measured: dict[Case, list[Round]]) -> Table:
    """CPU per request of each program, by what was changed from step to step."""
    steps = list(steps)
    table = Table(title, ("CPU µs", *steps), [], unit="CPU µs per request")
    for program in programs:
        cells = [f"{program.name}"]
        for step in steps:
            spent = [done.cpu for done in measured[step, program.name]]
            cells.append(f"{median(spent):,.0f} ({ratio_to_ours(measured, step, spent)})")
            table.draw(program.name, step, median(spent))
        table.rows.append(cells)
    return table


def ratio_to_ours(measured: dict[Case, list[Round]], step: str, spent: list[float]) -> str:
    return f"{median(ratios(spent, [done.cpu for done in measured[step, TaskHub.name]])):.2f}"


def by_connections(programs: Sequence[TaskHub], rounds: int, seconds: float) -> Table:
    cases = {
        (f"{number}", program.name): lambda program=program, number=number: measure(
            program, program.requests[FIRST], number, seconds
        )
        for number in CONNECTIONS
        for program in programs
    }
    return by_step("First page, by connections", map(str, CONNECTIONS), programs, in_rounds(cases, rounds))


def by_size(programs: Sequence[TaskHub], sizes: Sequence[int], rounds: int, connections: int, seconds: float) -> Table:
    """A quarter of the rows of each size are in the list that is read, up to LONGEST_LIST."""
    measured: dict[Case, list[Round]] = {}
    steps = []
    for size in sizes:
        length = min(size // 4, LONGEST_LIST)
        for program in programs:
            program.fill(size, length)
        for program in programs:
            program.prepare(length - 100)
        for kind in (FIRST, DEEP):
            steps.append(step := f"{size:,}: {kind.removeprefix('list, ')}")
            cases = {
                (step, program.name): lambda program=program, kind=kind: measure(
                    program, program.requests[kind], connections, seconds
                )
                for program in programs
            }
            measured |= in_rounds(cases, rounds)
    return by_step("A page, by tasks in the table", steps, programs, measured)


def by_rate(programs: Sequence[TaskHub], kinds: Sequence[str], connections: int, seconds: float) -> Table:
    """Latency in an open loop, at shares of what each program answered in a closed one just before."""
    table = Table("Latency of the first page", ("program", "requests/s", "p50 ms", "p99 ms"), [], unit="p99 in ms")
    for kind in kinds:
        for program in programs:
            count, elapsed = drive(program.port, program.requests[kind], connections, seconds)
            for share in RATES:
                rate = count / elapsed * share
                p50, p99 = percentiles(arrive(program.port, program.requests[kind], rate, MOST_WAITING, seconds))
                table.rows.append([program.name, f"{rate:,.0f} ({share:.0%})", f"{p50:,.1f}", f"{p99:,.1f}"])
                table.draw(program.name, f"{share:.0%}", p99)
    return table


def percentiles(latencies: list[float]) -> Iterator[float]:
    """The middle one, and what 99 of 100 stay within. Milliseconds."""
    cuts = quantiles(latencies, n=100)
    return (cuts[at] * 1000 for at in (49, 98))
