"""Child processes: they die with us and stop as asked."""

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import IO, NoReturn

from devstack import leftovers, signals
from devstack.account import Account
from devstack.leftovers import StopSteps
from devstack.output import Consumer, Output

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


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
        self._child = spawn(command, marked, self._stop_steps[0][0], output, account)
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


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    death_signal: signal.Signals,
    output: int | IO[bytes],
    account: Account | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own. On Linux it gets `death_signal` when the calling thread ends."""
    return subprocess.Popen(
        command,
        env=environment,
        # Another account may not be allowed to enter the current folder, and then initdb gives up.
        cwd="/" if account else None,
        stdin=stdin,
        stdout=output,
        stderr=subprocess.STDOUT,
        start_new_session=True,
        user=account.uid if account else None,
        group=account.gid if account else None,
        extra_groups=[] if account else None,
        preexec_fn=die_with_parent(death_signal),
    )


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    consume: Consumer,
    account: Account | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
) -> int:
    """Run a command to its end, handing on each line it prints; returns its exit code. A signal to us ends it first."""
    output = Output()
    with output.pipe(consume) as writer:
        child = spawn(command, environment, signal.SIGTERM, writer, account, stdin)
    try:
        while child.poll() is None:
            signals.check()
            output.pump(0.05)
        output.drain()
        return child.returncode
    finally:
        child.kill()
        child.wait()
        leftovers.kill_group(child.pid)


def die_with_parent(signum: signal.Signals) -> Callable[[], None]:
    """What a child calls just before `exec` (a change of account would cancel it) to get `signum` when we die."""
    parent = os.getpid()

    def arrange() -> None:
        if _LIBC:
            _LIBC.prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)
            # Too late when the parent died in between.
            if os.getppid() != parent:
                os._exit(1)

    return arrange


def become(program: Path, arguments: Sequence[str], environment: Mapping[str, str]) -> NoReturn:
    """Run a program in place of this one."""
    os.execve(program, [str(program), *arguments], environment)  # noqa: S606  no shell is wanted
