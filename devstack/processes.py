"""Starts child processes, which die with us. Standard library only: what makes `.venv` runs through here."""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, NoReturn

from devstack import signals
from devstack.account import Account
from devstack.output import Consumer, Output

_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None
_PR_SET_PDEATHSIG = 1


def spawn(
    command: Sequence[str],
    environment: Mapping[str, str],
    death_signal: signal.Signals,
    output: int | IO[bytes],
    account: Account | None = None,
    stdin: int | IO[bytes] = subprocess.DEVNULL,
    umask: int = -1,
) -> subprocess.Popen[bytes]:
    """Start a child in a session of its own. On Linux it gets `death_signal` when the calling thread ends.

    `umask` is ours unless it is given.
    """
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
        umask=umask,
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
        with suppress(ProcessLookupError, PermissionError):  # macOS answers EPERM for a group of zombies
            os.killpg(child.pid, signal.SIGKILL)


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
