"""Makes `.venv` from the hash locks, and goes on inside it. Standard library only, like all it imports."""

import errno
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import sys
import time
from collections import deque
from pathlib import Path

from devstack import DevstackError, processes, signals
from devstack.environment import ROOT
from devstack.files import Lock
from devstack.output import remark

VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
_LOCKS = ROOT / "requirements"
LOCAL, DEV = _LOCKS / "local.txt", _LOCKS / "dev.txt"  # what TaskHub runs on here; and what its tests and checks need
_UNREACHABLE = re.compile("after connection broken by|client error \\(Connect\\)|dns error|Failed to fetch")


def make(*locks: Path) -> Lock:
    """Make `.venv` unless it is up to date, and add what is in other `locks`.

    Nobody can remake it while the lock that is returned is held.
    """
    # The checkout itself: a folder can be locked like a file, and unlike a file in it git never replaces it.
    lock, tries = Lock(ROOT), 0
    while not ((shared := lock.take(shared=True)) and is_fresh(LOCAL)):
        if shared and lock.take():
            _make()
            continue
        tries += shared
        if tries > 10:
            raise DevstackError(".venv must be made anew but a running devstack uses it: stop that first")
        signals.check()
        time.sleep(0.2)
    for other in locks:
        _add(other)
    return lock


def enter() -> Lock:
    """Make `.venv` and go on in it: this very command starts again there when it was started by another Python."""
    lock = make()
    if not VENV.samefile(sys.prefix):
        processes.become(PYTHON, ["-m", "devstack", *sys.argv[1:]], os.environ)
    return lock


def is_fresh(lock: Path) -> bool:
    """Whether `.venv` has all of this lock as it is now, installed by this version of Python."""
    stamp = _stamp(lock)
    return os.access(PYTHON, os.X_OK) and stamp.is_file() and stamp.read_text() == _digest(lock)


def _stamp(lock: Path) -> Path:
    return VENV / f"devstack-{lock.stem}"


def _digest(lock: Path) -> str:
    return hashlib.sha256(lock.read_bytes() + platform.python_version().encode()).hexdigest()


def _make() -> None:
    if is_fresh(LOCAL):  # made by another run while this one waited
        return
    remark("making .venv")
    # Here rather than by what follows, so that a folder we may not write to is told in our words
    if VENV.exists() and not os.access(VENV, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(VENV))
    shutil.rmtree(VENV, ignore_errors=True)
    VENV.mkdir(exist_ok=True)
    if uv := shutil.which("uv"):
        _run(uv, "venv", "--quiet", "--allow-existing", "--python", _base_python(), str(VENV))
    else:
        _require_ensurepip()
        _run(_base_python(), "-m", "venv", str(VENV))
    _install(LOCAL)


def _add(lock: Path) -> None:
    """Into the environment of commands that run, which is safe: the lock changes nothing that they use."""
    alone = Lock(_LOCKS)
    while not is_fresh(lock):
        if alone.take():
            _install(lock)
        signals.check()
        time.sleep(0.2)
    alone.release()


def _install(lock: Path) -> None:
    remark(f"installing requirements/{lock.name}")
    what = ("--require-hashes", "-r", str(lock))
    pip = (str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off")
    if not (uv := shutil.which("uv")):
        _run(*pip, "--retries=1", "--require-hashes", "-r", str(_LOCKS / "uv.txt"))
        uv = str(VENV / "bin" / "uv")
    try:
        _run(uv, "pip", "install", "--system-certs", "--compile-bytecode", "--python", str(PYTHON), *what)
    except DevstackError:
        if not (VENV / "bin" / "pip").exists():
            raise
        remark("uv could not; trying pip, which may know of another package index")
        _run(*pip, *what)
    # Last, so that an interrupted or failed installation is never taken for a complete one.
    _stamp(lock).write_text(_digest(lock))


def _base_python() -> str:
    # Inside .venv, sys.executable is about to be removed.
    return getattr(sys, "_base_executable", None) or sys.executable


def _require_ensurepip() -> None:
    if importlib.util.find_spec("ensurepip") is None:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise DevstackError(
            f"this Python cannot make virtual environments; run: apt install python{version}-venv, or install uv"
        )


def _run(*command: str) -> None:
    last: deque[str] = deque(maxlen=15)
    if not (code := processes.run(command, os.environ, last.append)):
        return
    said = "\n".join(last)
    if _UNREACHABLE.search(said):
        raise DevstackError(
            "the package index cannot be reached, so .venv is not complete: look at the network, or at the proxy or"
            " index that pip's configuration names, and run the same command again"
        )
    raise DevstackError(f"{Path(command[0]).name} ended with exit code {code}, so .venv is not complete: {said}")
