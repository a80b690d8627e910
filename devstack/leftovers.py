"""Processes of a run that was killed: found by a record of pid and start time, so that a recycled pid is never hit."""

import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psutil

from devstack import DevstackError, signals
from devstack.files import write_private
from devstack.output import remark

# What to send to make a process stop, and how many seconds to give it.
StopSteps = Sequence[tuple[signal.Signals, float]]
_MARK = "DEVSTACK_RECORD"
_TICK = 0.05  # seconds between two looks at a process
_CLOCK_STEP = 10  # seconds that a start time may seem to move when the clock is set


def runs(process: psutil.Process) -> bool:
    """Whether it is still running; a zombie is not."""
    with suppress(psutil.NoSuchProcess):
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    return False


def mark(record: Path) -> dict[str, str]:
    """The variable by which descendants of a recorded process are known once that process itself is gone."""
    return {_MARK: str(record)}


def remember(record: Path, pid: int) -> None:
    """Write down a process that has just been started."""
    write_private(record, f"{pid} {psutil.Process(pid).create_time()}")


def reap(record: Path, stop_steps: StopSteps) -> None:
    """End what `record` names, if that still runs, and what is left of its group."""
    try:
        pid, started = record.read_text().split()
    except (FileNotFoundError, ValueError):
        return
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(int(pid))
        if abs(process.create_time() - float(started)) < _CLOCK_STEP:
            if not end(record.stem, process.pid, lambda: not runs(process), stop_steps):
                raise DevstackError(f"process {pid} of an earlier run does not end")
            kill_group(process.pid)
    for straggler in _stragglers(int(pid), record):
        straggler.kill()
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
    """Stop a process with ever stronger signals; reports if it does not end in time. Returns whether it is gone."""
    for signum, seconds in (*stop_steps, (signal.SIGKILL, 5.0)):
        if is_gone():
            return True
        with suppress(ProcessLookupError):
            os.kill(pid, signum)
        started = time.monotonic()
        while not is_gone() and time.monotonic() - started < (0.5 if signals.are_urgent() else seconds):
            idle(_TICK)
        if not is_gone():
            remark(f"{name} did not stop within {time.monotonic() - started:.1f} s of {signum.name}")
    return is_gone()


def kill_group(pid: int) -> None:
    """Kill what is left of the group of a process of ours, e.g. the workers of an API server that died."""
    # macOS answers EPERM for a group of zombies.
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(pid, signal.SIGKILL)
        psutil.wait_procs(_members(pid), timeout=1)


def _members(group: int) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(psutil.Error, ProcessLookupError, PermissionError):
            if os.getpgid(process.pid) == group and runs(process):
                yield process


def _stragglers(group: int, record: Path) -> Iterator[psutil.Process]:
    for process in _members(group):
        with suppress(psutil.Error):  # gone by now, or somebody else's
            if process.environ().get(_MARK) == str(record):
                yield process
