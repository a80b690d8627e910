"""Processes of a run that was killed: found by a record of pid and start time, so that a recycled pid is never hit."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from devstack import DevstackError, signals
from devstack.files import write_private
from devstack.output import remark

# What to send to make a process stop, and how many seconds to give it.
StopSteps = Sequence[tuple[signal.Signals, float]]
_MARK = "DEVSTACK_RECORD"
_TICK = 0.05  # seconds between two looks at a process


def identity(pid: int) -> str | None:
    """What tells this process from a later one with the same number: when it started. None when it has ended."""
    if sys.platform == "linux":
        fields = _stat(pid)
        if fields is None or fields[0] in "ZX":
            return None
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}:{fields[19]}"
    state, _, started = _ps("state=,lstart=", pid).partition(" ")
    return None if not state or state.startswith("Z") else started.strip()


def command_line(pid: int) -> str:
    """The program and arguments of a process; empty when it has ended."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace").replace("\0", " ")
    except OSError:
        return "" if sys.platform == "linux" else _ps("args=", pid)


def mark(record: Path) -> dict[str, str]:
    """The variable by which descendants of a recorded process are known once that process itself is gone."""
    return {_MARK: str(record)}


def remember(record: Path, pid: int) -> None:
    """Write down a process that has just been started."""
    write_private(record, f"{pid} {identity(pid)}")


def reap(record: Path, stop_steps: StopSteps) -> None:
    """End what `record` names, if that still runs, and what is left of its group."""
    try:
        number, _, started = record.read_text().partition(" ")
    except FileNotFoundError:
        return
    if number.isdigit():
        pid = int(number)
        was_there = identity(pid) == started
        if not end(record.stem, pid, lambda: identity(pid) != started, stop_steps):
            raise DevstackError(f"process {pid} of an earlier run does not end")
        if was_there:
            kill_group(pid)
        for straggler in _stragglers(pid, record):
            _kill(straggler, signal.SIGKILL)
    record.unlink(missing_ok=True)


def reap_parts(home: Path) -> None:
    """End all parts that an earlier run left in this home; their clients are gone, so they get little time."""
    for record in home.glob("*.pid"):
        reap(record, [(signal.SIGTERM, 2.0)])


def end(
    name: str,
    pid: int,
    is_gone: Callable[[], bool],
    stop_steps: StopSteps,
    idle: Callable[[float], object] = time.sleep,
) -> bool:
    """Ask a process to stop, ever less politely; says so when it does not obey in time. Returns whether it is gone."""
    for signum, seconds in (*stop_steps, (signal.SIGKILL, 5.0)):
        if is_gone():
            return True
        _kill(pid, signum)
        started = time.monotonic()
        while not is_gone() and time.monotonic() - started < (0.5 if signals.are_urgent() else seconds):
            idle(_TICK)
        if not is_gone():
            remark(f"{name} did not stop within {time.monotonic() - started:.1f} s of {signum.name}")
    return is_gone()


def kill_group(pid: int) -> None:
    """Kill what is left of the group of a process of ours, e.g. the workers of an API server that died."""
    # macOS answers EPERM for a group of zombies.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
        deadline = time.monotonic() + 1
        while any(_members(pid)) and time.monotonic() < deadline:
            time.sleep(0.01)


def _kill(pid: int, signum: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signum)


def _ps(columns: str, pid: int) -> str:
    command = ["ps", "-o", columns, "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()


def _stat(pid: int) -> list[str] | None:
    """From /proc: state, parent, group, session, ...; the start time is the 20th."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def _members(group: int) -> Iterator[int]:
    for folder in Path("/proc").glob("[0-9]*"):
        fields = _stat(int(folder.name))
        if fields and fields[2] == str(group) and fields[0] not in "ZX":
            yield int(folder.name)


def _stragglers(group: int, record: Path) -> Iterator[int]:
    marked = f"{_MARK}={record}".encode()
    for pid in _members(group):
        # Gone by now, or somebody else's.
        with contextlib.suppress(FileNotFoundError, ProcessLookupError, PermissionError):
            if marked in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                yield pid
