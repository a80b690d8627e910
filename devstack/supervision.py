"""Watches over child processes: starts them, passes on what they print, and stops all when one ends."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import IO, NamedTuple, NoReturn

from devstack import DevstackError, leftovers, signals
from devstack.account import Account
from devstack.leftovers import StopSteps
from devstack.output import Output, prefixed
from devstack.processes import spawn

_LONGEST_START = 60.0  # seconds


PRIVATE = 0o077  # what servers and programs write is for nobody else to read


class Process:
    """One child in a session of its own; `record` is the file that names it to the run after a crash of this one."""

    def __init__(
        self, name: str, record: Path, stop_steps: StopSteps, idle: Callable[[float], object] = time.sleep
    ) -> None:
        self.name = name
        self._record = record
        self._stop_steps = stop_steps
        self._idle = idle
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._child.pid if self._child and self._child.poll() is None else None

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: int | IO[bytes],
        account: Account | None = None,
    ) -> None:
        """Start it, once what an earlier run left of it has ended."""
        leftovers.reap(self._record, self._stop_steps)
        marked = {**environment, **leftovers.mark(self._record)}
        self._child = spawn(command, marked, self._stop_steps[0][0], output, account, umask=PRIVATE)
        leftovers.remember(self._record, self._child.pid)

    def ending(self) -> str | None:
        """How it ended, in words; None while it runs."""
        code = self._child.poll() if self._child else None
        if code is None:
            return None
        return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"

    def stop(self) -> None:
        """End it and its group; does nothing when it was never started."""
        if self._child is None:
            return
        child, self._child = self._child, None
        leftovers.end(self.name, child.pid, lambda: child.poll() is not None, self._stop_steps, self._idle)
        leftovers.kill_group(child.pid)
        self._record.unlink(missing_ok=True)


class Part(NamedTuple):
    """A program of TaskHub that runs as long as `up` does."""

    name: str
    command: list[str]
    grace: float  # seconds to stop in; with those of the servers they must stay below 20
    is_ready: Callable[[], bool] | None = None  # None: it says so, in a line that ends with "ready."
    settings: Mapping[str, str] = MappingProxyType({})  # of its own


class Supervisor:
    """Runs parts, beside servers that are there already."""

    def __init__(self, home: Path, environment: Mapping[str, str], servers: Iterable[Process]) -> None:
        self._home = home
        self._environment = environment
        self._servers = list(servers)
        self._parts: list[Process] = []
        self._starting: dict[str, Callable[[], bool] | None] = {}
        self._output = Output()

    def start(self, part: Part) -> None:
        """Start a part."""
        process = Process(part.name, self._home / f"{part.name}.pid", [(signal.SIGTERM, part.grace)], self._output.pump)
        self._starting[part.name] = part.is_ready
        self._parts.append(process)
        show = prefixed(part.name, len(self._parts))

        def consume(line: str) -> None:
            show(line)
            if part.is_ready is None and line.endswith("ready."):
                self._starting.pop(part.name, None)

        with self._output.pipe(consume) as writer:
            process.start(part.command, {**self._environment, **part.settings}, writer)

    def wait_until_ready(self) -> None:
        """Wait until every part that was started is at work."""
        deadline = time.monotonic() + _LONGEST_START
        while self._starting:
            self._look(0.05)
            for name in [name for name, is_ready in self._starting.items() if is_ready and is_ready()]:
                del self._starting[name]
            if time.monotonic() > deadline:
                raise DevstackError(f"not ready after {_LONGEST_START:.0f} s: {', '.join(self._starting)}")

    def watch(self) -> NoReturn:
        """Pass on what the parts print until a signal comes or a part ends; both raise."""
        while True:
            self._look(0.2)

    def stop(self) -> None:
        """Stop the parts, the last started first."""
        for process in reversed(self._parts):
            process.stop()
            self._output.drain()

    def _look(self, seconds: float) -> None:
        self._output.pump(seconds)
        signals.check()
        for process in (*self._servers, *self._parts):
            if ending := process.ending():
                self._output.drain()
                raise DevstackError(f"{process.name} {ending}")
