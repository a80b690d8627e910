"""Runs everything until Ctrl-C: migrates, starts the parts, watches over them, stops them in order."""

import http.client
import time
from collections.abc import Mapping
from pathlib import Path
from signal import SIGTERM
from typing import NamedTuple, NoReturn

from devstack import DevstackError, processes, signals
from devstack.output import Output, prefixed
from devstack.ports import dialled_host
from devstack.processes import Process
from devstack.servers import Server
from devstack.virtualenv import PYTHON

_PATIENCE = 60.0  # seconds for the API to answer


class Part(NamedTuple):
    """A program of TaskHub that runs as long as `up` does."""

    name: str
    command: list[str]
    grace: float  # seconds to stop in; with those of the servers they must stay below 20


def parts(home: Path, host: str, port: int, reload: bool) -> list[Part]:
    """All parts, in the order they start in. They stop in the opposite order."""
    celery = [str(PYTHON), "-m", "celery", "-A", "taskhub"]
    api = [str(PYTHON), "-m", "taskhub.server", "--host", host, "--port", str(port)]
    return [
        Part("worker", [*celery, "worker", "--loglevel", "INFO"], grace=4),
        Part("api", [*api, "--reload"] if reload else api, grace=6),
        Part("scheduler", [*celery, "beat", "--schedule", str(home / "beat"), "--loglevel", "INFO"], grace=1),
    ]


class Supervisor:
    """Runs the parts on servers that are there already."""

    def __init__(self, home: Path, environment: Mapping[str, str], servers: list[Server]) -> None:
        self._home = home
        self._environment = environment
        self._servers = [server.process for server in servers]
        self._parts: list[Process] = []
        self._output = Output()

    def migrate(self) -> None:
        """Bring the database up to date."""
        command = [str(PYTHON), "manage.py", "migrate", "--no-input"]
        code = processes.run(command, self._environment, prefixed("migrate", 0))
        if code:
            raise DevstackError(f"migrate ended with exit code {code}")

    def start(self, part: Part) -> None:
        """Start a part."""
        process = Process(part.name, self._home / f"{part.name}.pid", [(SIGTERM, part.grace)], self._output.pump)
        self._parts.append(process)
        with self._output.pipe(prefixed(part.name, len(self._parts))) as writer:
            process.start(part.command, self._environment, writer)

    def wait_until_live(self, host: str, port: int) -> None:
        """Wait until the API answers."""
        deadline = time.monotonic() + _PATIENCE
        while not _is_live(host, port):
            self._look(0.05)
            if time.monotonic() > deadline:
                raise DevstackError(f"the API does not answer GET /livez with 200 after {_PATIENCE:.0f} s")

    def watch(self) -> NoReturn:
        """Pass on what the parts print until a signal comes or one of them ends, both of which raise."""
        while True:
            self._look(0.2)

    def stop(self) -> None:
        """Stop the parts, the last started first."""
        for process in reversed(self._parts):
            process.stop()
            self._output.drain()

    def _look(self, seconds: float) -> None:
        self._output.pump(seconds)
        signals.check()
        for process in (*self._servers, *self._parts):
            if ending := process.ending():
                self._output.drain()
                raise DevstackError(f"{process.name} {ending}")


def _is_live(host: str, port: int) -> bool:
    # Not urllib, which would go through a proxy named in the environment.
    connection = http.client.HTTPConnection(dialled_host(host), port, timeout=1)
    try:
        connection.request("GET", "/livez")
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
