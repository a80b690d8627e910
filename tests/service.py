"""The whole service as a deployment runs it: its own PostgreSQL and Valkey, and the API server as a real process."""

import atexit
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

import httpx

from devstack.postgres import Postgres
from devstack.processes import die_with_parent
from devstack.valkey import Valkey
from tests.servers import temporary_home

ROOT = Path(__file__).resolve().parent.parent


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=30):
    """Asks again and again until `condition` holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.05)


class Service:
    """`python` is the interpreter of all it starts, in `folder`. Only a `durable` one is as slow as a real one."""

    def __init__(self, home, python=sys.executable, folder=ROOT, durable=False, **settings):
        self.python, self.folder, self.processes = python, folder, []
        self.postgres, self.valkey = Postgres(home, durable=durable), Valkey(home, durable=durable)
        self.settings, self.home, self.port = settings, home, free_port()
        self.log = home / "server.log"
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self):
        subprocess.run(["cp", "-a", migrated(), self.postgres.folder], check=True)
        self.postgres.start()
        self.valkey.start()
        self.serve()
        return self

    def serve(self, **changes):
        """Starts the API server with other settings, perhaps."""
        self.process = self.start("-m", "taskhub.server", "--port", str(self.port), **changes)
        wait_until(lambda: self.answers("/livez"))

    def start(self, *arguments, python=None, **changes):
        """Starts `python <arguments>` on these servers; it ends with us."""
        return self.spawn([python or self.python, *arguments], **changes)

    def spawn(self, command, **changes):
        """Starts any command in the same way."""
        environment, end_too = {**self.environment, **changes}, die_with_parent(signal.SIGTERM)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, preexec_fn=end_too
            )

    def __exit__(self, *error):
        self.stop_all()
        self.valkey.stop()
        self.postgres.stop()

    @property
    def environment(self):
        own = {"DATABASE_URL": self.postgres.url, "REDIS_URL": self.valkey.url, "TASKHUB_HOME": str(self.home)}
        return {**os.environ, "TASKHUB_ENV": "test", **own, **self.settings}

    def manage(self, *arguments):
        subprocess.run(
            [self.python, "manage.py", *arguments], cwd=self.folder, env=self.environment, check=True, timeout=60
        )

    def sql(self, statement):
        self.manage(
            "shell", "-v0", "-c", f"from django.db import connection; connection.cursor().execute({statement!r})"
        )

    def answers(self, path):
        try:
            return httpx.get(self.url + path, timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def client(self):
        return httpx.Client(base_url=self.url, timeout=10)

    @contextmanager
    def signed_up(self, username, **details):
        """A client that acts for a new user."""
        credentials = {"username": username, "password": "correct horse battery"}
        with self.client() as client:
            client.post("/auth/register", json={**credentials, **details}).raise_for_status()
            token = client.post("/auth/login", data=credentials).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield client

    def stop(self):
        """As a container runtime does. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def stop_all(self):
        """The server and then the rest. Returns their exit codes."""
        for process in self.processes:
            process.terminate()
        return [self.stop(), *(process.wait(timeout=20) for process in self.processes)]


@cache
def migrated():
    """The folder of a stopped PostgreSQL that has our tables, for copies: to migrate takes longer than all the rest."""
    home = ExitStack()
    atexit.register(home.close)
    service = Service(home.enter_context(temporary_home()))
    service.postgres.start()
    service.valkey.start()
    service.manage("migrate", "--no-input", "-v0")
    service.valkey.stop()
    service.postgres.stop()
    return service.postgres.folder
