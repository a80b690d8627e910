"""The programs that are compared: how each is started, filled and signed in to, and which requests it is sent."""

import secrets
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import psycopg

from benchmarks.load import Request, ask_once, request
from benchmarks.rows import DESCRIPTION, READER, WRITER, add_users, fill
from devstack.ports import free_port
from devstack.service import ROOT, Service, wait_until

PROCESSES, THREADS = 2, 2  # TaskHub's defaults; the FastAPI service has processes alone
LONGEST_PAGE = 100
FIRST, DEEP, RETRIEVE, CREATE, HEALTH = "list, first page", "list, deep page", "retrieve", "create", "health"
TASK = {"title": "Buy milk", "description": DESCRIPTION}


class TaskHub:
    name = "TaskHub"
    path, task_path = "/tasks/", "/tasks/{id}/"
    token_field = "access_token"
    items_field = "items"

    def __init__(self, service: Service) -> None:
        self.service, self.port, self.process = service, service.port, service.process

    def sign_up(self) -> None:
        """Makes who takes part."""
        for username in (READER, WRITER):
            self.post("/auth/register", json=credentials(username))
        users = {
            "id": "gen_random_uuid()",
            "username": "'user' || n",
            "password": "'!'",
            "is_active": "true",
            "is_staff": "false",
            "is_superuser": "false",
            "created_at": "now()",
        }
        add_users(self.service.postgres.url, users)

    def fill(self, tasks: int, read: int) -> None:
        """Leaves so many tasks in the table, `read` of them in the list that is read."""
        fill(self.service.postgres.url, tasks, read, {"status": "'todo'", "updated_at": "moment"})

    def token(self, username: str) -> str:
        return str(self.post("/auth/login", data=credentials(username)).json()[self.token_field])

    def post(self, path: str, **body: Any) -> httpx.Response:
        return httpx.post(f"http://127.0.0.1:{self.port}{path}", timeout=30, **body).raise_for_status()

    def prepare(self, depth: int) -> None:
        """Makes `requests` by what they do: the deep page begins after `depth` rows."""
        self.reader = self.token(READER)
        first = ask_once(self.port, self.list())
        self.requests = {
            FIRST: self.list(),
            DEEP: self.list(**self.position(depth)),
            RETRIEVE: request("GET", self.task_path.format(**first[self.items_field][0]), self.reader),
            CREATE: request("POST", self.path, self.token(WRITER), TASK, status=201),
            HEALTH: request("GET", "/health"),
        }

    def list(self, **parameters: Any) -> Request:
        return request("GET", f"{self.path}?{urlencode(parameters)}".rstrip("?"), self.reader)

    def position(self, depth: int) -> dict[str, Any]:
        """The query parameters of the page after `depth` rows, found by reading up to there."""
        position: dict[str, Any] = {}
        for _ in range(depth // LONGEST_PAGE):
            page = ask_once(self.port, self.list(limit=LONGEST_PAGE, **position))
            position = {"cursor": self.next_cursor(page)}
        return position

    def next_cursor(self, page: dict[str, Any]) -> str:
        return str(page["meta"]["next_cursor"])

    def meaning(self, answer: dict[str, Any]) -> object:
        """What all programs must agree about in an answer."""
        if self.items_field in answer:
            return [item["title"] for item in answer[self.items_field]]
        return answer.get("title") or answer["status"]


class Guest(TaskHub):
    """On TaskHub's own tables, with TaskHub's tokens."""

    def sign_up(self) -> None:
        """The users are there."""

    def fill(self, tasks: int, read: int) -> None:
        """The rows are there."""

    def token(self, username: str) -> str:
        return TaskHub(self.service).token(username)


class Stock(Guest):
    """benchmarks/others/stock, behind the same server."""

    name = "stock Django REST framework"
    token_field = "access"
    items_field = "results"

    def __init__(self, service: Service) -> None:
        self.service, self.port = service, free_port()
        options = {"workers": PROCESSES, "blocking-threads": THREADS, "blocking-threads-idle-timeout": 600}
        self.process = service.start(
            *("-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws", "--port", str(self.port)),
            *(f"--{name}={value}" for name, value in options.items()),
            "benchmarks.others.stock.wsgi:application",
            SECRET_KEY=secrets.token_urlsafe(48),
        )
        service.processes.append(self.process)
        wait_until(lambda: answers(self.port))

    def token(self, username: str) -> str:
        return TaskHub.token(self, username)

    def next_cursor(self, page: dict[str, Any]) -> str:
        return parse_qs(urlsplit(page["next"]).query)["cursor"][0]


class Litestar(Guest):
    name = "Litestar + asyncpg"

    def __init__(self, service: Service) -> None:
        self.service, self.port = service, free_port()
        self.process = service.start(
            *("-m", "granian", "--interface", "asgi", "--http", "1", "--no-ws", "--port", str(self.port)),
            f"--workers={PROCESSES}",
            "benchmarks.others.litestar_asyncpg:application",
        )
        service.processes.append(self.process)
        wait_until(lambda: answers(self.port))


class Bolt(Guest):
    name = "Django-Bolt"
    path, task_path = "/tasks", "/tasks/{id}"

    def __init__(self, service: Service, python: Path) -> None:
        self.service, self.port = service, free_port()
        self.process = service.start(
            *("-m", "django", "runbolt", "--no-admin", "--host", "127.0.0.1", "--port", str(self.port)),
            f"--processes={PROCESSES}",
            python=str(python.absolute()),
            SECRET_KEY=secrets.token_urlsafe(48),
            DJANGO_SETTINGS_MODULE="benchmarks.others.bolt.settings",
            PYTHONPATH=str(ROOT),
        )
        service.processes.append(self.process)
        wait_until(lambda: answers(self.port))


class Original(TaskHub):
    """The FastAPI service, in a database of its own, with the interpreter in its checkout's .venv."""

    name = "the FastAPI service"
    schema = """
import asyncio
from app.db import Base, engine
async def create():
    async with engine.begin() as connection:
        await connection.run_sync(Base.metadata.create_all)
asyncio.run(create())
"""

    def __init__(self, service: Service, checkout: Path) -> None:
        self.service, self.port = service, free_port()
        self.url = service.postgres.url.rpartition("/")[0] + "/original"
        with psycopg.connect(service.postgres.url, autocommit=True) as connection:
            connection.execute("CREATE DATABASE original")
        python = checkout.absolute() / ".venv" / "bin" / "python"
        if not python.exists():
            raise SystemExit(f"{python} is missing: docs/PERFORMANCE.md says how to make it.")
        settings = {
            "PYTHONPATH": str(checkout.absolute()),
            "DATABASE_URL": self.url.replace("postgresql://", "postgresql+asyncpg://"),
            "REDIS_BROKER": service.valkey.url,
            "JWT_SECRET": secrets.token_urlsafe(48),
            "JWT_EXPIRE_MINUTES": "1440",
        }
        subprocess.run([python, "-c", self.schema], env={**service.environment, **settings}, check=True, timeout=60)
        command = ("-m", "uvicorn", "app.main:app", f"--port={self.port}", f"--workers={PROCESSES}", "--no-access-log")
        self.process = service.start(*command, python=python, **settings)
        service.processes.append(self.process)
        wait_until(lambda: answers(self.port))

    def sign_up(self) -> None:
        for username in (READER, WRITER):
            self.post("/auth/register", json=credentials(username))
        users = {
            "id": "gen_random_uuid()",
            "username": "'user' || n",
            "hashed_password": "'!'",
            "created_at": "now()",
        }
        add_users(self.url, users)

    def fill(self, tasks: int, read: int) -> None:
        fill(self.url, tasks, read, {})

    def prepare(self, depth: int) -> None:
        super().prepare(depth)
        del self.requests[RETRIEVE]  # it has none

    def position(self, depth: int) -> dict[str, Any]:
        return {"skip": depth}


def credentials(username: str) -> dict[str, str]:
    return {"username": username, "password": "correct horse battery"}


def answers(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/health", timeout=10).is_success
    except httpx.TransportError:
        return False
