"""The private servers that TaskHub runs on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from devstack.home import OWNER, URLS
from devstack.output import remark
from devstack.postgres import Postgres
from devstack.servers import Server
from devstack.valkey import Valkey


@contextmanager
def private_servers(home: Path) -> Iterator[tuple[list[Server], dict[str, str]]]:
    """Runs a server for each URL that the environment does not name; gives the servers, and the URLs."""
    urls = {name: os.environ[name] for name in (*URLS, OWNER) if os.environ.get(name)}
    servers: list[Server] = []
    try:
        for name, kind in zip(URLS, (Postgres, Valkey), strict=True):
            if name not in urls:
                server = kind(home)
                server.start()
                remark(f"{server.name} listens on 127.0.0.1 port {server.port}")
                servers.append(server)
                urls |= server.urls
        yield servers, urls
    finally:
        for server in reversed(servers):
            server.stop()
