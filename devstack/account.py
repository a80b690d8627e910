"""PostgreSQL refuses to run as root: the account it gets then, and which folders that account can use."""

import os
import pwd
import stat
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

from devstack import DevstackError


class Account(NamedTuple):
    """An unprivileged account of this system."""

    name: str
    uid: int
    gid: int


def for_servers() -> Account | None:
    """The account to drop to; None unless we are root."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(name, entry.pw_uid, entry.pw_gid)
    raise DevstackError(
        "PostgreSQL does not run as root and there is no account `postgres` or `nobody` to run it under"
    )


def output_of(command: list[str], account: Account | None) -> str | None:
    """The output of a short command under that account; None if it fails or the account may not run it."""
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
            cwd="/",
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def can_enter(account: Account, folder: Path) -> bool:
    """Whether that account can reach this folder, which a parent of mode 0700 prevents."""
    return output_of(["/bin/sh", "-c", 'cd -- "$1"', "sh", str(folder)], account) is not None


def shared_temp(account: Account) -> Path:
    """A temporary folder of the system that the account can use as well; TMPDIR may name one it cannot."""
    for folder in (tempfile.gettempdir(), "/tmp", "/var/tmp"):  # noqa: S108  what is made inside is checked for its owner
        if can_enter(account, Path(folder)):
            return Path(folder)
    raise DevstackError(f"the account {account.name}, under which PostgreSQL runs, can enter no temporary folder")


def require_own(folder: Path) -> None:
    """Raise unless this folder is ours: anybody can create one below a world-writable folder."""
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o022:
        raise DevstackError(f"{folder} should be a folder that only we can write to, but is not; look who made it")
