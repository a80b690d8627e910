"""The whole service as a deployment runs it, thrown away afterwards: for tests and benchmarks.

Its own PostgreSQL and Valkey, and the API server as a real process. Needs what requirements/dev.txt installs.
"""

import atexit
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Self

import httpx
import psycopg

from devstack.account import for_servers, shared_temp
from devstack.environment import ROOT as ROOT
from devstack.ports import free_port
from devstack.postgres import Postgres
from devstack.processes import die_with_parent
from devstack.valkey import Valkey

# One machine signs in more often here than many people do elsewhere
NO_LIMITS = {f"RATE_LIMIT_{name}": "off" for name in ("LOGIN_ACCOUNT", "LOGIN_ADDRESS", "REGISTER", "REFRESH", "RESET")}


def wait_until(condition: Callable[[], Any], seconds: float = 30) -> None:
    """Asks again and again until `condition` holds. Raises TimeoutError when it does not within so many seconds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {seconds} s")
        time.sleep(0.05)


@contextmanager
def temporary_home() -> Iterator[Path]:
    """A folder for TASKHUB_HOME. Unlike tmp_path, PostgreSQL can get to it when the tests run as root."""
    account = for_servers()
    home = Path(tempfile.mkdtemp(prefix="taskhub-test-", dir=shared_temp(account) if account else None))
    home.chmod(0o711)
    try:
        yield home
    finally:
        shutil.rmtree(home, ignore_errors=True)


class Service:
    """`python` is the interpreter of all it starts, in `folder`. Only a `durable` one is as slow as a real one."""

    process: subprocess.Popen[bytes]

    def __init__(
        self, home: Path, python: str = sys.executable, folder: Path = ROOT, durable: bool = False, **settings: str
    ) -> None:
        self.python, self.folder = python, folder
        self.processes: list[subprocess.Popen[bytes]] = []
        self.postgres, self.valkey = Postgres(home, durable=durable), Valkey(home, durable=durable)
        self.settings, self.home, self.port = settings, home, free_port()
        self.log = home / "server.log"
        self.url = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        subprocess.run(["cp", "-a", migrated(), self.postgres.folder], check=True)
        self.postgres.start()
        self.valkey.start()
        self.serve()
        return self

    def serve(self, **changes: str) -> None:
        """Starts the API server with other settings, perhaps."""
        self.process = self.start("-m", "taskhub.server", "--port", str(self.port), **changes)
        wait_until(lambda: self.answers("/livez"))

    def start(self, *arguments: str, python: str | None = None, **changes: str) -> subprocess.Popen[bytes]:
        """Starts `python <arguments>` on these servers; it ends with us."""
        return self.spawn([python or self.python, *arguments], **changes)

    def spawn(self, command: Sequence[str], **changes: str) -> subprocess.Popen[bytes]:
        """Starts any command in the same way."""
        environment, end_too = {**self.environment, **changes}, die_with_parent(signal.SIGTERM)
        with self.log.open("ab") as log:
            return subprocess.Popen(
                command, cwd=self.folder, env=environment, stdout=log, stderr=log, preexec_fn=end_too
            )

    def __exit__(self, *error: object) -> None:
        self.stop_all()
        self.valkey.stop()
        self.postgres.stop()

    @property
    def environment(self) -> dict[str, str]:
        own = {**self.postgres.urls, **self.valkey.urls, "TASKHUB_HOME": str(self.home)}
        return {**os.environ, "TASKHUB_ENV": "test", **NO_LIMITS, **own, **self.settings}

    def manage(self, *arguments: str, **changes: str) -> None:
        """Runs manage.py to its end."""
        environment = {**self.environment, **changes}
        subprocess.run([self.python, "manage.py", *arguments], cwd=self.folder, env=environment, check=True, timeout=60)

    def output(self, *arguments: str) -> str:
        """What manage.py prints."""
        command = [self.python, "manage.py", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=self.environment, check=True, timeout=60, stdout=subprocess.PIPE, text=True
        )
        return done.stdout

    def sql(self, statement: str) -> None:
        """Runs a statement as the owner of the database."""
        with psycopg.connect(self.postgres.url, autocommit=True) as database:
            database.execute(statement)

    def answers(self, path: str) -> bool:
        """Whether GET is answered with 200."""
        try:
            return httpx.get(self.url + path, timeout=10).status_code == 200
        except httpx.TransportError:
            return False

    def client(self) -> httpx.Client:
        """For nobody yet."""
        return httpx.Client(base_url=self.url, timeout=10)

    @contextmanager
    def signed_up(self, username: str, **details: str) -> Iterator[httpx.Client]:
        """A client that acts for a new user."""
        credentials = {"username": username, "password": "correct horse battery"}
        with self.client() as client:
            client.post("/auth/register", json={**credentials, **details}).raise_for_status()
            token = client.post("/auth/login", data=credentials).raise_for_status().json()["access_token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield client

    def stop(self) -> int:
        """As a container runtime does. Returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=20)

    def stop_all(self) -> list[int]:
        """The server and then the rest. Returns their exit codes."""
        for process in self.processes:
            process.terminate()
        return [self.stop(), *(process.wait(timeout=20) for process in self.processes)]


@cache
def migrated() -> Path:
    """The folder of a stopped PostgreSQL with our tables, to be copied: migrating takes longer than everything else."""
    home = ExitStack()
    atexit.register(home.close)
    service = Service(home.enter_context(temporary_home()))
    service.postgres.start()
    service.valkey.start()
    service.manage("migrate", "--no-input", "-v0")
    service.valkey.stop()
    service.postgres.stop()
    return service.postgres.folder
