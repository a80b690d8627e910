"""What happened, in files outside the database that survive whoever writes them."""

import os
from pathlib import Path


class Records:
    """One file for each name; lines are on disk before write() returns."""

    def __init__(self, home):
        self.folder = Path(home)

    def write(self, name, line):
        file = os.open(self.folder / name, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, f"{line}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)

    def read(self, name):
        path = self.folder / name
        return path.read_text().splitlines() if path.exists() else []

    def once(self, name):
        """True for the first call with that name only."""
        try:
            os.close(os.open(self.folder / f"once-{name}", os.O_CREAT | os.O_EXCL, 0o600))
        except FileExistsError:
            return False
        return True

    def pulse(self, name):
        (self.folder / f"pulse-{name}").touch()

    def last_pulse(self, name):
        """In seconds since 1970; 0 before the first."""
        path = self.folder / f"pulse-{name}"
        return path.stat().st_mtime if path.exists() else 0.0
