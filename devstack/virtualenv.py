"""Makes `.venv` from the hash lock, and goes on inside it."""

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
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
_STAMP = VENV / ".devstack-stamp"


def make() -> Lock:
    """Make `.venv` unless it is up to date. Nobody can remake it while the lock that is returned is held."""
    # The checkout itself: a folder can be locked like a file, and unlike requirements/dev.txt git never replaces it.
    lock, tries = Lock(ROOT), 0
    while True:
        nobody_makes_it = lock.take(shared=True)
        if nobody_makes_it and is_fresh():
            return lock
        if nobody_makes_it and lock.take():
            _install()
            continue
        tries += nobody_makes_it
        if tries > 10:
            raise DevstackError(".venv must be made anew but a running devstack uses it: stop that first")
        signals.check()
        time.sleep(0.2)


def enter() -> Lock:
    """Make `.venv` and go on in it: this very command starts again there when it was started by another Python."""
    lock = make()
    if not VENV.samefile(sys.prefix):
        processes.become(PYTHON, ["-m", "devstack", *sys.argv[1:]], os.environ)
    return lock


def is_fresh() -> bool:
    """Whether `.venv` was made to the end, by this version of Python, from the lock as it is now."""
    return os.access(PYTHON, os.X_OK) and _STAMP.is_file() and _STAMP.read_text() == _wanted_stamp()


def _wanted_stamp() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes() + platform.python_version().encode()).hexdigest()


def _install() -> None:
    if is_fresh():  # made by another run while this one waited
        return
    remark(f"making .venv from {REQUIREMENTS.relative_to(ROOT)}, which takes up to a minute")
    shutil.rmtree(VENV, ignore_errors=True)
    uv = shutil.which("uv")
    if uv:
        _run(uv, "venv", "--quiet", "--python", _base_python(), str(VENV))
        _run(uv, "pip", "install", "--require-hashes", "--python", str(PYTHON), "-r", str(REQUIREMENTS))
    else:
        _require_ensurepip()
        _run(_base_python(), "-m", "venv", str(VENV))
        _run(
            *(str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar=off"),
            *("--require-hashes", "-r", str(REQUIREMENTS)),
        )
    # Last, so that an interrupted or failed installation is never taken for a complete one.
    _STAMP.write_text(_wanted_stamp())


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
    progress = _Progress()
    code = processes.run(command, os.environ, progress.show)
    if code:
        raise DevstackError(
            f"{Path(command[0]).name} ended with exit code {code}, so .venv is not complete: {progress.tail()}"
        )


class _Progress:
    """Shows how far an installation is, and keeps its last lines for the case that it fails."""

    def __init__(self) -> None:
        self._total = len(re.findall(r"^[\w.-]+==", REQUIREMENTS.read_text(), re.MULTILINE))
        self._count = 0
        self._last: deque[str] = deque(maxlen=15)

    def show(self, line: str) -> None:
        self._last.append(line)
        if match := re.match(r"Collecting (\S+)", line):
            self._count += 1
            remark(f"  {self._count}/{self._total} {match[1]}")
        elif line.startswith(("Installing", "Resolved", "Prepared", "Installed")):
            remark(f"  {line[:60]}")

    def tail(self) -> str:
        return "\n".join(self._last)
