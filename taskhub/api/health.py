"""Whether the process is alive, and whether it is ready for requests. Probes need no token."""

import functools
import os
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing import Event
from typing import Any

import psycopg
import redis
from django.conf import settings
from django.db import Error, connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder
from rest_framework.request import Request

import taskhub
from taskhub.api import health_openapi as openapi
from taskhub.api.formats import JSONResponse
from taskhub.api.limits import counters
from taskhub.api.views import BaseView
from taskhub.redis import redis_client

STARTED = time.monotonic()
DATABASE_SECONDS = 2  # seconds for all queries, after connecting
draining = Event()  # set by taskhub.server, shared with the workers it forks


def redis_answers() -> bool:
    try:
        return bool(redis_client().ping())
    except (redis.RedisError, OSError):
        return False


@contextmanager
def database_deadline(seconds: float) -> Iterator[None]:
    """Raises OperationalError in the block when the server has not answered in time, even if it is frozen.

    PostgreSQL's statement_timeout is enforced by the server itself, so it does not help against a frozen one.
    """
    connection.close_if_health_check_failed()  # or the first statement would, and escape the deadline
    connection.ensure_connection()  # connect_timeout bounds this
    wire = socket.socket(fileno=os.dup(connection.connection.fileno()))
    watchdog = threading.Timer(seconds, wire.shutdown, [socket.SHUT_RDWR])
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        watchdog.join()
        wire.close()


@functools.cache
def known_migrations() -> frozenset[tuple[str, str]]:
    """The migrations of this release, cached: reading them from disk takes too long for each probe."""
    return frozenset(MigrationLoader(None).disk_migrations)


def database_report() -> dict[str, Any]:
    """The body of /health/db. Never raises: problems are listed in `errors`, as codes without driver text."""
    report: dict[str, Any] = {
        "status": "healthy",
        "timestamp": datetime.now(UTC),
        "database_connected": True,
        "response_time_ms": None,
        "migration_status": "up_to_date",
        "connection_pool": {"active_connections": None, "pool_size": settings.WEB_WORKERS * settings.WEB_THREADS},
        "errors": [],
    }
    started = time.perf_counter()
    try:
        with database_deadline(DATABASE_SECONDS):
            report["connection_pool"]["active_connections"] = open_connections()
            report["response_time_ms"] = round((time.perf_counter() - started) * 1000, 2)
            if known_migrations() - MigrationRecorder(connection).applied_migrations().keys():
                report.update(status="degraded", migration_status="pending", errors=["migrations_pending"])
    except (Error, psycopg.Error):
        report.update(
            status="unhealthy", database_connected=False, migration_status="unknown", errors=["database_unavailable"]
        )
    return report


def open_connections() -> int:
    with connection.cursor() as cursor:
        # A superuser's background workers are in that view under its name, too
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = current_user AND backend_type = 'client backend'"
        )
        return int(cursor.fetchone()[0])


class Probe(BaseView):
    authentication_classes = ()
    permission_classes = ()

    def counted_as(self, request: Request) -> Iterator[Any]:
        """Never: whoever probes has to be answered."""
        return iter(())


@openapi.describe_health
class Health(Probe):
    def get(self, request: Request) -> JSONResponse:
        return JSONResponse(
            {
                "status": "ok",
                "app": "TaskHub",
                "version": taskhub.__version__,
                "timestamp": datetime.now(UTC),
                "uptime_seconds": round(time.monotonic() - STARTED, 3),
            }
        )


@openapi.describe_database_health
class DatabaseHealth(Probe):
    def get(self, request: Request) -> JSONResponse:
        report = database_report()
        return JSONResponse(report, status=200 if report["status"] == "healthy" else 503)


@openapi.describe_liveness
class Liveness(Probe):
    def get(self, request: Request) -> JSONResponse:
        return JSONResponse({"status": "alive"})


@openapi.describe_readiness
class Readiness(Probe):
    """Ready for requests. The broker is shown but does not matter: without it jobs wait and everything else works."""

    def get(self, request: Request) -> JSONResponse:
        errors = database_report()["errors"] + (["draining"] if draining.is_set() else [])
        body = {
            "status": "not_ready" if errors else "ready",
            "broker": "ok" if redis_answers() else "unavailable",
            "rate_limits": "shared" if counters().are_shared else "local",
            "errors": errors,
        }
        return JSONResponse(body, status=503 if errors else 200)
