"""Private files, and locks that the operating system releases when a process dies."""

import errno
import fcntl
import os
import pwd
import secrets
from pathlib import Path
from typing import BinaryIO


def make_folder(path: Path) -> None:
    """Make a folder for data, unless it is there."""
    if not path.is_dir():
        path.mkdir(parents=True)
        # Root's PostgreSQL runs under another account that must get to its data; secrets have modes of their own.
        path.chmod(0o711 if os.geteuid() == 0 else 0o700)


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read; a reader sees the old text or the new, never half of it."""
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
    draft.replace(path)


def private_log(path: Path) -> BinaryIO:
    """An empty file for what a program prints."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def kept_secret(path: Path) -> str:
    """The random secret kept in this file, made at first use."""
    if not path.exists():
        write_private(path, secrets.token_hex(24))
    return path.read_text(encoding="utf-8")


def explain(failure: OSError) -> str:
    """What went wrong with a file, and what to do about it where that is known."""
    if failure.errno == errno.EROFS:
        return f"{failure.filename} is on a read-only file system: clone TaskHub to a folder you can write to"
    if isinstance(failure, PermissionError) and failure.filename:
        place = Path(failure.filename).absolute()
        nearest = next(folder for folder in (place, *place.parents) if os.path.lexists(folder))
        owner, we = _name_of(nearest.lstat().st_uid), _name_of(os.geteuid())
        remedy = f"its mode forbids it. Allow it with chmod u+rwX {nearest}"
        if owner != we:
            remedy = (
                f"it belongs to {owner}, and this is {we}. Clone TaskHub to a folder of your own, or become {owner}"
            )
        return f"{place} cannot be used: {remedy}"
    return str(failure)


def _name_of(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:  # a container may run under a number without a name
        return str(uid)


class Lock:
    """An advisory lock on a file or folder. It is held until the process ends or `release` is called."""

    def __init__(self, path: Path, flags: int = os.O_RDONLY) -> None:
        self._descriptor = os.open(path, flags, 0o600)

    def take(self, *, shared: bool = False) -> bool:
        """Take the lock, or convert a held one; False if somebody else's is in the way."""
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def release(self) -> None:
        """Give the lock back."""
        os.close(self._descriptor)

    def outlive_exec(self) -> None:
        """Keep holding the lock in the program that replaces this one by `exec`."""
        os.set_inheritable(self._descriptor, True)
