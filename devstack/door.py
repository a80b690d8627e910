"""The front door: Caddy, between this machine and others. The file `Caddyfile` says what it does."""

import socket
from pathlib import Path

from devstack.environment import ROOT
from devstack.ports import dialled_host
from devstack.supervision import Part
from devstack.virtualenv import PYTHON

COMMAND = [str(PYTHON.parent / "caddyserver"), "run", "--config", str(ROOT / "Caddyfile"), "--adapter", "caddyfile"]


def part(folder: Path, host: str, port: int, name: str | None, upstream: int) -> Part:
    """In front of an API on port `upstream`. With a `name` it speaks TLS, and keeps its certificates in `folder`."""
    settings = {
        "DOOR_SITE": f"https://{name}:{port}" if name else f":{port}",
        "DOOR_BIND": host,
        "DOOR_UPSTREAM": f"127.0.0.1:{upstream}",
        "XDG_DATA_HOME": str(folder / "door"),
        "XDG_CONFIG_HOME": str(folder / "door"),
    }
    return Part("door", COMMAND, grace=2, is_ready=lambda: is_open(host, port), settings=settings)


def is_open(host: str, port: int) -> bool:
    try:
        socket.create_connection((dialled_host(host), port), timeout=1).close()
    except OSError:
        return False
    return True
