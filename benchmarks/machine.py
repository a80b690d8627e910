"""The machine that measures: its cores, what else it does, and the CPU time of processes. Linux only, by /proc."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")  # of a second, in which /proc counts
QUIET = 0.3  # load average of the last minute
INSTALLED = ("django", "djangorestframework", "djangorestframework-simplejwt", "psycopg", "granian", "orjson")


def take_cores() -> tuple[set[int], set[int]]:
    """Cores for the load generator and for what is measured; the same where there is only one."""
    first, *others = sorted(os.sched_getaffinity(0))
    return {first}, set(others) or {first}


def family(pid: int) -> dict[int, list[str]]:
    """A process and all below it: the fields of their stat, by id."""
    stats = {int(entry.name): fields for entry in PROC.glob("[0-9]*") if (fields := read_stat(entry))}
    members = {pid}
    while grown := {child for child, fields in stats.items() if int(fields[1]) in members} - members:
        members |= grown
    return {member: stats[member] for member in members}


def cpu_seconds(pid: int) -> float:
    """User and system time of a process and of all below it, also of those that have ended."""
    return sum(int(ticks) for fields in family(pid).values() for ticks in fields[11:15]) / TICKS


def memory_mb(pid: int) -> float:
    """Of a process and of all below it: pages that several share count for each by its share (PSS), in MB."""
    rollups = ((PROC / str(member) / "smaps_rollup").read_text() for member in family(pid))
    return sum(int(re.findall(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)[0]) for rollup in rollups) / 1000


def read_stat(entry: Path) -> list[str]:
    """The fields of /proc/<pid>/stat behind the name: state, parent, …; none when it has just ended (man 5 proc)."""
    try:
        return (entry / "stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return []


def others_seconds() -> float:
    """CPU time since the start of the machine of all that is neither this process nor below it."""
    user, nice, system, _, _, irq, soft_irq = (PROC / "stat").read_text().split(maxsplit=8)[1:8]
    return sum(map(int, (user, nice, system, irq, soft_irq))) / TICKS - cpu_seconds(os.getpid())


def noise() -> str:
    """A sentence on what else the machine does. Ask before anything is started."""
    load = os.getloadavg()[0]
    remark = "quiet" if load < QUIET else "NOT QUIET: the figures will be worse than they should"
    return f"load average of the last minute before the start: {load:.2f}, {remark}"


def facts() -> list[str]:
    """The day, the hardware, and what is installed."""
    models = re.findall("^model name\t*: (.*)", (PROC / "cpuinfo").read_text(), re.MULTILINE) or ["of unknown make"]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"{datetime.now(UTC):%Y-%m-%d}",
        f"{os.cpu_count()} cores {models[0]}, {memory:.0f} GiB, Linux {platform.release()}",
        ", ".join([f"Python {platform.python_version()}", *(f"{name} {version(name)}" for name in INSTALLED)]),
    ]
