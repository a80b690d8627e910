"""`python -m benchmarks.stages`: where the CPU time of TaskHub's list and retrieve goes, without the HTTP server.

Requests are handed to the WSGI application in this process, and the parts of it are timed from outside.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Callable
from contextlib import redirect_stderr
from functools import wraps
from typing import Any

import django

from benchmarks import machine
from benchmarks.load import WrongAnswer, ask_once
from benchmarks.programs import TaskHub
from benchmarks.report import table
from benchmarks.servers import Owned
from devstack.service import temporary_home


class Stopwatch:
    """CPU seconds of this thread by name. What is timed inside something else counts for both."""

    def __init__(self) -> None:
        self.spent: Counter[str] = Counter()

    def time(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def timed(*args: Any, **kwargs: Any) -> Any:
            started = time.thread_time()
            try:
                return function(*args, **kwargs)
            finally:
                self.spent[name] += time.thread_time() - started

        return timed

    def watch(self, name: str, owner: object, method: str) -> None:
        setattr(owner, method, self.time(name, getattr(owner, method)))


def application(stopwatch: Stopwatch) -> Callable[..., Any]:
    """TaskHub in this process, as the environment says. Its models can be imported once Django is set up."""
    django.setup()
    from rest_framework.views import APIView

    from accounts.authentication import BearerAuthentication
    from taskhub.api import formats
    from taskhub.wsgi import application
    from tasks.finding import search
    from tasks.models import task
    from tasks.views import TaskViewSet

    stopwatch.watch("view", APIView, "dispatch")
    stopwatch.watch("authentication", BearerAuthentication, "authenticate")
    stopwatch.watch("action", TaskViewSet, "list")
    stopwatch.watch("action", TaskViewSet, "retrieve")
    stopwatch.watch("rows", task, "rows_in_order")
    stopwatch.watch("rows", search, "read")
    stopwatch.watch("JSON", formats, "to_json")
    return stopwatch.time("all", application)


def measure(application: Callable[..., Any], path: str, token: str, requests: int) -> None:
    from django.test import RequestFactory

    headers = {"Authorization": f"Bearer {token}"}
    environ = RequestFactory().get(path, headers=headers, SERVER_NAME="127.0.0.1").environ
    for _ in range(requests):
        status: list[str] = []
        body = application(dict(environ), lambda line, headers, status=status: status.append(line))
        if status != ["200 OK"]:
            raise WrongAnswer(body)


def shares(spent: Counter[str], requests: int) -> dict[str, float]:
    """Microseconds per request, each counted once."""
    parts = {
        "Django: handler and middleware": spent["all"] - spent["view"],
        "REST framework around the view": spent["view"] - spent["authentication"] - spent["action"],
        "authentication: the token": spent["authentication"],
        "the view: query and answer put together": spent["action"] - spent["rows"] - spent["JSON"],
        "the view: SQL sent, rows read": spent["rows"],
        "JSON": spent["JSON"],
        "together": spent["all"],
    }
    return {name: seconds / requests * 1e6 for name, seconds in parts.items()}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.stages", description=__doc__.partition("\n")[0])
    parser.add_argument("--requests", type=int, default=3000, help="of each kind")
    parser.add_argument("--tasks", type=int, default=200_000)
    asked = parser.parse_args()
    print(*machine.facts(), machine.noise(), sep="\n", end="\n\n", flush=True)
    os.sched_setaffinity(0, machine.take_cores()[1])
    settings = {"TASKHUB_ENV": "development", "ACCESS_TOKEN_MINUTES": "1440"}
    with temporary_home() as home, Owned(home, durable=True, **settings) as service:
        os.environ.update(service.environment, DJANGO_SETTINGS_MODULE="taskhub.settings")
        with service.log.open("a") as log, redirect_stderr(log):
            print(table(("CPU µs per request", "list", "retrieve"), compare(TaskHub(service), asked)))


def compare(program: TaskHub, asked: argparse.Namespace) -> list[list[str]]:
    program.sign_up()
    program.fill(asked.tasks, asked.tasks // 4)
    program.prepare(0)
    task = ask_once(program.port, program.list())["items"][0]["id"]
    stopwatch, columns = Stopwatch(), []
    handle = application(stopwatch)
    for path in ("/tasks/", f"/tasks/{task}"):
        measure(handle, path, program.reader, asked.requests // 10)
        stopwatch.spent.clear()
        measure(handle, path, program.reader, asked.requests)
        columns.append(shares(stopwatch.spent, asked.requests))
    return [[name, f"{columns[0][name]:,.0f}", f"{columns[1][name]:,.0f}"] for name in columns[0]]


if __name__ == "__main__":
    main()
