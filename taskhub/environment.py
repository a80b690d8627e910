"""Reads settings from the environment. A missing or bad value ends the process with a sentence naming the variable."""

import os
import re
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, NoReturn
from urllib.parse import unquote, urlsplit

import jwt
from kombu import Connection
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict
from redis import Redis

SHORTEST_KEY = 32  # bytes; RFC 7518 section 3.2 asks as much of an HS256 key
HOW_TO_MAKE_ONE = "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
ORIGIN = re.compile(r"https?://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?")
HOST = re.compile(r"\.?[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*|\[[0-9a-fA-F:]+\]")
RATE = re.compile(r"([1-9][0-9]{0,8})/([smhd])")
UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}  # seconds
QUEUES = ("default", "mail", "bulk")  # of background jobs
SAMPLE = "change-me"  # the prefix of every sample secret in .env.example


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


def quota(variable: str, default: str) -> int | None:
    value = text(variable, default)
    if value != "off" and not re.fullmatch("[1-9][0-9]{0,17}", value):
        refuse(variable, "must be a whole number from 1 on, or off")
    return None if value == "off" else int(value)


def rate_limit(variable: str, default: str) -> tuple[tuple[int, int], ...]:
    """So many in so many seconds, for each window: `5/m,20/h`. None for `off`."""
    found = words(variable, default)
    if found == ["off"]:
        return ()
    parsed = [RATE.fullmatch(word) for word in found]
    if not all(parsed):
        refuse(variable, "must be off, or windows such as 10/m or 5/s,100/h,1000/d")
    return tuple((int(match[1]), UNITS[match[2]]) for match in parsed if match)


def words(variable: str, default: str = "") -> list[str]:
    """A comma-separated list."""
    return [word.strip() for word in text(variable, default).split(",") if word.strip()]


def origins(variable: str) -> list[str]:
    """A comma-separated list of web origins: scheme, host and port, nothing else (RFC 6454)."""
    found = words(variable)
    if not all(ORIGIN.fullmatch(origin) for origin in found):
        refuse(variable, "must list origins such as https://app.example.com, without a path")
    return found


def public_url(variable: str, default: str | None, production: bool) -> str:
    """An origin, in production of https, without a slash at the end."""
    value = text(variable, default)
    if not ORIGIN.fullmatch(value) or (production and not value.startswith("https://")):
        refuse(variable, f"must be {'https' if production else 'http(s)'}://host, with a port if need be, nothing else")
    return value


def hosts(variable: str, default: str, production: bool) -> list[str]:
    found = words(variable, default)
    if not found:
        refuse(variable, "must name at least one host in production")
    if production and "*" in found:
        refuse(variable, "may not be * in production: name the hosts")
    if not all(HOST.fullmatch(host) for host in found if host != "*"):
        refuse(variable, "must list host names such as api.example.com, or .example.com with all below, without a port")
    return found


def database(variable: str, **options: object) -> dict[str, object]:
    """Django's connection settings from a URL that libpq understands; the URL takes precedence over `options`."""
    url = text(variable)
    if not url.startswith(("postgres://", "postgresql://")):
        refuse(variable, "must be a URL that begins with postgresql://")
    try:
        parts = {name: str(value) for name, value in conninfo_to_dict(url).items()}
    except ProgrammingError:
        refuse(variable, "is not a URL that PostgreSQL's client library can read")
    if not parts.get("dbname"):
        refuse(variable, "names no database: postgresql://user:password@host:5432/database")
    if not all(re.fullmatch("[0-9]{1,5}", port) and int(port) < 65536 for port in parts.get("port", "0").split(",")):
        refuse(variable, "has a port that is not a number up to 65535")
    return {
        "NAME": parts.pop("dbname"),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": parts.pop("port", ""),
        "OPTIONS": {**options, **parts},
    }


def redis(variable: str) -> str:
    """A URL that redis-py and kombu both understand. TLS certificates are verified unless it says otherwise."""
    url = text(variable)
    if not url.startswith(("redis://", "rediss://")):
        refuse(variable, "must be a URL such as redis://host:6379/0")
    try:
        Redis.from_url(url).connection_pool.make_connection()  # does not connect yet
        Connection(url)  # nor does this; kombu accepts fewer parameters
    except (ValueError, TypeError):
        refuse(variable, "is not a URL that redis-py and kombu can read")
    if url.startswith("rediss://") and "ssl_cert_reqs=" not in url:
        url += f"{'&' if '?' in url else '?'}ssl_cert_reqs=required"  # kombu's default is none
    return url


class Email(NamedTuple):
    """Django's e-mail settings."""

    backend: str
    host: str = ""
    port: int = 0
    user: str = ""
    password: str = ""
    starttls: bool = False
    tls: bool = False


def email(variable: str, default: str | None) -> Email:
    """console: logs a line for each; smtp:// sends, smtp+tls:// after STARTTLS, smtps:// over TLS from the start."""
    ports = {"smtp": 25, "smtp+tls": 587, "smtps": 465}
    try:
        parts = urlsplit(text(variable, default))
        port = parts.port or ports.get(parts.scheme, 0)
    except ValueError:
        refuse(variable, "has a port or host that cannot be read")
    if parts.scheme == "console":
        return Email("taskhub.mail.ConsoleBackend")
    if parts.scheme not in ports or not parts.hostname:
        refuse(variable, "must be console: or a URL such as smtp+tls://user:password@mail.example.com:587")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    backend = "django.core.mail.backends.smtp.EmailBackend"
    return Email(backend, parts.hostname, port, user, password, parts.scheme == "smtp+tls", parts.scheme == "smtps")


def queues(variable: str, default: str) -> dict[str, int]:
    """How many processes of a worker serve each queue of background jobs, from `default=2,mail=2`."""
    found: dict[str, int] = {}
    for item in text(variable, default).split(","):
        match = re.fullmatch(rf"({'|'.join(QUEUES)})=([1-9]|[1-5]\d|6[0-4])", item.strip())
        if not match or match[1] in found:
            refuse(variable, "must look like default=2,mail=2,bulk=1: the queues of a worker, 1 to 64 processes each")
        found[match[1]] = int(match[2])
    return found


def failpoints(variable: str, refused: bool) -> dict[str, tuple[str, float]]:
    """`place=action:probability,…` for fault injection (jobs.failpoints), by place."""
    found = {}
    for item in words(variable):
        match = re.fullmatch(r"([a-z_.]+)=(kill|raise|drop)(?::([01](?:\.\d+)?))?", item)
        if refused or not match:
            refuse(variable, "is for tests, never for production, and must look like place=kill:0.01")
        found[match[1]] = (match[2], float(match[3] or 1))
    return found


def refuse_weak(variable: str, secret: str) -> None:
    if secret.startswith(SAMPLE):
        refuse(variable, f"is still the sample: make one with {HOW_TO_MAKE_ONE}")
    if len(secret.encode()) < SHORTEST_KEY:
        refuse(variable, f"must be at least {SHORTEST_KEY} bytes long: make one with {HOW_TO_MAKE_ONE}")
    if len(set(secret)) < 8:
        refuse(variable, f"repeats itself too much to be a secret: make one with {HOW_TO_MAKE_ONE}")


def signing_keys(variable: str, default: str | None) -> dict[str, str]:
    """Secrets by key id, from `kid:secret,kid:secret`. The first signs, all verify."""
    keys: dict[str, str] = {}
    for pair in text(variable, default).split(","):
        kid, colon, secret = (part.strip() for part in pair.partition(":"))
        if not (kid and colon and secret) or kid in keys:
            refuse(variable, "must look like kid:secret,kid:secret with each kid once")
        refuse_weak(variable, secret)
        try:
            jwt.get_algorithm_by_name("HS256").prepare_key(secret)
        except jwt.InvalidKeyError:
            refuse(variable, "holds what looks like a public key or a certificate: an HS256 key is a random secret")
        keys[kid] = secret
    if len(set(keys.values())) != len(keys):
        refuse(variable, "uses one secret under two names")
    return keys


def kept_secrets(home: Path) -> dict[str, str]:
    """The keys of a development machine, made once and kept in `home`/secrets, readable by its owner alone."""
    file = home / "secrets"
    try:
        if not file.exists():
            make_secrets(file)
        kept = dict(line.partition("=")[::2] for line in file.read_text().splitlines())
    except OSError as error:
        refuse("TASKHUB_HOME", f"cannot be used: {error.strerror}")
    if kept.keys() != {"SECRET_KEY", "JWT_SIGNING_KEYS"} or file.stat().st_mode & 0o077:
        refuse("TASKHUB_HOME", "holds a file `secrets` that is damaged or open to others: remove it, and sign in anew")
    return kept


def new_secrets() -> dict[str, str]:
    return {"SECRET_KEY": secrets.token_urlsafe(48), "JWT_SIGNING_KEYS": f"local:{secrets.token_urlsafe(48)}"}


def throwaway_secrets() -> dict[str, str]:
    """For a process that signs nothing. Real secrets in its environment are ignored."""
    for variable in ("SECRET_KEY", "SECRET_KEY_FALLBACKS", "JWT_SIGNING_KEYS"):
        os.environ.pop(variable, None)
    return new_secrets()


def make_secrets(file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix="secrets-") as draft:
        draft.write("".join(f"{name}={value}\n" for name, value in new_secrets().items()))
        draft.flush()
        with suppress(FileExistsError):  # another process has just created them: use those
            os.link(draft.name, file)
