"""Reads settings from the environment. A missing or bad value ends the process with a sentence naming the variable."""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict

SHORTEST_KEY = 32  # bytes; RFC 7518 section 3.2 asks as much of an HS256 key
SAMPLE = "change-me"  # how every sample secret in .env.example begins


def refuse(variable: str, reason: str) -> NoReturn:
    """Stop the process, exit code 1. `reason` completes a sentence and never holds the value, which may be a secret."""
    raise SystemExit(f"TaskHub cannot start: {variable} {reason}.")


def text(variable: str, default: str | None = None) -> str:
    """The value without surrounding white space; an empty one counts as missing."""
    value = os.environ.get(variable, "").strip() or default
    if value is None:
        refuse(variable, "is not set; .env.example shows what it looks like")
    return value


def integer(variable: str, default: int, low: int, high: int) -> int:
    value = text(variable, str(default))
    if not (value.isascii() and value.isdigit() and low <= int(value) <= high):
        refuse(variable, f"must be a whole number from {low} to {high}")
    return int(value)


def choice(variable: str, default: str, allowed: tuple[str, ...]) -> str:
    value = text(variable, default)
    if value not in allowed:
        refuse(variable, f"must be one of {', '.join(allowed)}")
    return value


def words(variable: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(variable, default).split(",") if word.strip()]


def origins(variable: str) -> list[str]:
    """A comma-separated list of web origins: scheme, host and port, nothing else (RFC 6454)."""
    found = words(variable)
    for origin in found:
        parts = urlsplit(origin)
        if parts.scheme not in {"http", "https"} or not parts.netloc or origin != f"{parts.scheme}://{parts.netloc}":
            refuse(variable, "must list origins such as https://app.example.com, without a path")
    return found


def hosts(variable: str, default: str, production: bool) -> list[str]:
    found = words(variable, default)
    if not found:
        refuse(variable, "must name at least one host in production")
    if production and "*" in found:
        refuse(variable, "may not be * in production: name the hosts")
    return found


def database(variable: str, **options: object) -> dict[str, object]:
    """Django's connection settings from a URL that libpq understands; what the URL says goes before `options`."""
    url = text(variable)
    if not url.startswith(("postgres://", "postgresql://")):
        refuse(variable, "must be a URL that begins with postgresql://")
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        refuse(variable, "is not a URL that PostgreSQL's client library can read")
    if not parts.get("dbname"):
        refuse(variable, "names no database: postgresql://user:password@host:5432/database")
    if not parts.get("port", "5432").isdigit():
        refuse(variable, "has a port that is not a number")
    return {
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {**options, **parts},
    }


def redis(variable: str) -> str:
    url = text(variable)
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        refuse(variable, "has a port or host that cannot be read")
    if parts.scheme not in {"redis", "rediss"} or not parts.hostname:
        refuse(variable, "must be a URL such as redis://host:6379/0")
    if parts.path.strip("/") and not parts.path.strip("/").isdigit():
        refuse(variable, "must end in the number of a Redis database, such as /0")
    return url


def refuse_weak(variable: str, secret: str) -> None:
    if secret.startswith(SAMPLE):
        refuse(
            variable, "is still the sample: make one with python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    if len(secret.encode()) < SHORTEST_KEY:
        refuse(variable, f"must be at least {SHORTEST_KEY} bytes long")


def signing_keys(variable: str, default: str | None) -> dict[str, str]:
    """Secrets by key id, from `kid:secret,kid:secret`. The first signs, all verify."""
    keys: dict[str, str] = {}
    for pair in text(variable, default).split(","):
        kid, colon, secret = (part.strip() for part in pair.partition(":"))
        if not (kid and colon and secret) or kid in keys:
            refuse(variable, "must look like kid:secret,kid:secret with each kid once")
        refuse_weak(variable, secret)
        keys[kid] = secret
    if len(set(keys.values())) != len(keys):
        refuse(variable, "uses one secret under two names")
    return keys


def kept_secrets(home: Path) -> dict[str, str]:
    """The keys of a development machine, made once and kept in `home`/secrets, readable by its owner alone."""
    file = home / "secrets"
    if not file.exists():
        home.mkdir(parents=True, exist_ok=True)
        made = f"SECRET_KEY={secrets.token_urlsafe(48)}\nJWT_SIGNING_KEYS=local:{secrets.token_urlsafe(48)}\n"
        with tempfile.NamedTemporaryFile("w", dir=home, prefix="secrets-") as draft:
            draft.write(made)
            draft.flush()
            with suppress(FileExistsError):  # another process made them meanwhile: its keys are as good
                os.link(draft.name, file)
    return dict(line.split("=", 1) for line in file.read_text().splitlines())
