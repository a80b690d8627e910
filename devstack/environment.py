"""Where things are, and what the parts find in their environment."""

import difflib
import ipaddress
import os
import re
from collections.abc import Iterator
from pathlib import Path

from devstack import DevstackError
from devstack.files import make_folder

ROOT = Path(__file__).absolute().parent.parent
OWN = ("TASKHUB_PG_BIN", "TASKHUB_REDIS_BIN")  # what devstack itself reads; .env.example has all that TaskHub reads
_SETTING = re.compile(
    r"""(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*(?:(?P<quote>["'])(?P<quoted>.*)(?P=quote)|(?P<plain>.*?))(?:\s+\#.*)?"""
)


def read_dotenv(path: Path) -> dict[str, str]:
    """What a .env file sets: KEY=VALUE lines, comments, optional quotes, all taken literally. {} without a file."""
    return dict(_settings(path)) if path.is_file() else {}


def _settings(path: Path) -> Iterator[tuple[str, str]]:
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        text = line.strip()
        if not text or text.startswith("#"):
            continue
        match = _SETTING.fullmatch(text)
        if not match:
            raise DevstackError(f"{path.name}, line {number}: expected KEY=VALUE")
        yield match["name"], match["plain"] if match["quote"] is None else match["quoted"]


def load_dotenv() -> None:
    """Add what .env in the checkout says to the environment; what is there already wins.

    Raises DevstackError for a name that looks like a setting and is none: a typo would silently change nothing.
    """
    found = read_dotenv(ROOT / ".env")
    known = {*read_dotenv(ROOT / ".env.example"), *OWN}
    for name in found.keys() - known:
        near = difflib.get_close_matches(name.upper(), known, n=1, cutoff=0.75)
        if near or name.startswith("TASKHUB_"):
            raise DevstackError(f".env sets {name}, which is no setting{f'; is it {near[0]}?' if near else ''}")
    for name, value in found.items():
        os.environ.setdefault(name, value)


def find_home() -> Path:
    """The folder that holds this checkout's data, made when missing. TASKHUB_HOME moves it."""
    home = ROOT / Path(os.environ.get("TASKHUB_HOME") or ".taskhub").expanduser()
    make_folder(home)
    return home


def for_parts(home: Path, host: str = "127.0.0.1") -> dict[str, str]:
    """The environment of what devstack runs; DATABASE_URL and REDIS_URL come on top when private servers are used."""
    environment = {**os.environ, "TASKHUB_HOME": str(home), "PYTHONUNBUFFERED": "1"}
    environment["TASKHUB_ENV"] = environment.get("TASKHUB_ENV") or "development"
    if environment["TASKHUB_ENV"] == "development" and not environment.get("ALLOWED_HOSTS") and not is_loopback(host):
        environment["ALLOWED_HOSTS"] = "*"
    return environment


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
