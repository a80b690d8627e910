"""Which devstack command occupies a home, and what it runs there."""

import json
import os
import time
from pathlib import Path

from devstack import DevstackError
from devstack.files import Lock, write_private

URLS = ("DATABASE_URL", "REDIS_URL")
OWNER = "DATABASE_OWNER_URL"  # for migrations, where the application's role may not
_FACTS = "running.json"


class AlreadyRunning(DevstackError):
    """Another devstack command has this home."""

    exit_code = 3


def try_occupy(home: Path) -> Lock | None:
    """Occupy this home until the process ends; None if another command has it."""
    lock = Lock(home / "lock", os.O_RDONLY | os.O_CREAT)
    # More than once, because one who only looks holds a shared lock for an instant.
    for _ in range(5):
        if lock.take():
            publish(home, {})
            return lock
        time.sleep(0.05)
    lock.release()
    return None


def occupy(home: Path) -> Lock:
    """Occupy this home until the process ends, or raise AlreadyRunning."""
    lock = try_occupy(home)
    if lock is None:
        where = (running(home) or {}).get("address") or "in another devstack command that will end soon"
        raise AlreadyRunning(f"already running: {where} (data in {home})")
    return lock


def publish(home: Path, facts: dict[str, str]) -> None:
    """Tell other commands what runs here. Private, because URLs contain passwords."""
    write_private(home / _FACTS, json.dumps(facts))


def running(home: Path) -> dict[str, str] | None:
    """What the command that has this home published; None when there is none."""
    lock = Lock(home / "lock", os.O_RDONLY | os.O_CREAT)
    try:
        if lock.take(shared=True):
            return None
        facts: dict[str, str] = json.loads((home / _FACTS).read_text())
    except FileNotFoundError:  # the very first run has not got that far
        return {}
    else:
        return facts
    finally:
        lock.release()
