"""PostgreSQL and Redis stop, freeze and come back under a running server."""

import os
import signal
import socket
import time
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from devstack.service import Service, temporary_home, wait_until


@pytest.fixture
def database_down(service):
    service.postgres.stop()
    yield
    service.postgres.start()


@contextmanager
def frozen(postgres):
    backends = [postgres.pid, *children_of(postgres.pid)]
    for pid in backends:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for pid in backends:
            os.kill(pid, signal.SIGCONT)


@pytest.fixture
def database_frozen(service):
    with frozen(service.postgres):
        yield


def children_of(pid):
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def timed(client, path):
    started = time.monotonic()
    return client.get(path), time.monotonic() - started


def assert_unhealthy(service):
    with service.client() as client:
        health, seconds = timed(client, "/health/db")
        ready = client.get("/readyz")
        alive = client.get("/livez")

    assert (health.status_code, health.json()["status"], health.json()["database_connected"]) == (
        503,
        "unhealthy",
        False,
    )
    assert health.json()["errors"] == ["database_unavailable"]
    assert seconds < 5
    assert (ready.status_code, ready.json()["status"], ready.json()["errors"]) == (
        503,
        "not_ready",
        ["database_unavailable"],
    )
    assert alive.status_code == 200


def test_with_everything_up_it_is_healthy_and_ready(service):
    with service.client() as client:
        health, ready = client.get("/health/db").json(), client.get("/readyz").json()

    assert (health["status"], health["migration_status"], health["errors"]) == ("healthy", "up_to_date", [])
    assert health["response_time_ms"] > 0
    assert health["connection_pool"]["pool_size"] == 16
    assert 1 <= health["connection_pool"]["active_connections"] <= 16
    assert ready == {"status": "ready", "broker": "ok", "rate_limits": "shared", "errors": []}


def test_without_database_probes_say_so_in_time(service, database_down):
    assert_unhealthy(service)


def test_with_a_frozen_database_probes_say_so_in_time(service, database_frozen):
    assert_unhealthy(service)


def test_with_a_database_that_lets_in_and_says_nothing_probes_say_so_in_time(service):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        service.stop()
        service.serve(DATABASE_URL=f"postgresql://taskhub@127.0.0.1:{silent.getsockname()[1]}/taskhub")
        assert_unhealthy(service)
        service.stop()
    service.serve()


@pytest.fixture
def single_thread(service):
    service.stop()
    service.serve(WEB_WORKERS="1", WEB_THREADS="1")
    yield
    service.stop()
    service.serve()


def test_while_the_database_is_frozen_requests_wait_and_those_behind_them_too(service, single_thread):
    with service.signed_up("sleepless") as client, ThreadPoolExecutor(2) as pool:
        with frozen(service.postgres):
            first = pool.submit(client.get, "/tasks/")
            assert not wait([first], timeout=1).done
            second = pool.submit(httpx.get, f"{service.url}/livez")
            assert not wait([first, second], timeout=2).done

        assert [answer.result(timeout=5).status_code for answer in (first, second)] == [200, 200]


def test_a_database_that_speaks_no_tls_is_not_used_when_tls_is_asked_for(service):
    service.stop()
    service.serve(DATABASE_URL=f"{service.postgres.application_url}?sslmode=require")
    assert_unhealthy(service)
    service.stop()
    service.serve()


def test_without_a_worker_requests_are_answered_and_jobs_wait(service):
    with service.signed_up("alone") as client:
        (job,) = client.get("/jobs/").json()["items"]

    assert (job["kind"], job["state"], job["attempt"]) == ("welcome_email", "queued", 0)


def test_without_database_a_request_is_told_when_to_come_back(service):
    with service.signed_up("patient") as client:
        service.postgres.stop()
        response = client.get("/tasks/")
        service.postgres.start()
        again = [client.get("/tasks/").status_code for _ in range(8)]

    assert (response.status_code, response.json()["code"], response.headers["Retry-After"]) == (
        503,
        "database_unavailable",
        "1",
    )
    assert again == [200] * 8


def test_a_restart_of_the_database_between_two_requests_goes_unnoticed(service):
    with service.signed_up("lucky") as client:
        warm = [client.get("/tasks/").status_code for _ in range(20)]  # all threads hold a connection
        service.postgres.stop()
        service.postgres.start()
        after = [client.get("/tasks/").status_code for _ in range(20)]

    assert (warm, after) == ([200] * 20, [200] * 20)


def test_after_a_column_changed_its_type_each_thread_fails_once_at_most(service):
    with service.signed_up("warm") as client:
        warm = {client.get("/tasks/").status_code for _ in range(40)}  # all threads have prepared their statements
        service.sql("ALTER TABLE tasks ALTER title TYPE varchar(300)")
        statuses = [client.get("/tasks/").status_code for _ in range(100)]
        service.sql("ALTER TABLE tasks ALTER title TYPE varchar(200)")
        wait_until(lambda: all(client.get("/tasks/").status_code == 200 for _ in range(100)))  # for the next test

    assert warm == {200}
    assert set(statuses) <= {200, 503}
    assert statuses.count(503) <= 4  # two processes with two threads


def test_a_missing_migration_is_degraded(service):
    service.sql("UPDATE django_migrations SET app = 'gone' WHERE app = 'tasks'")
    with service.client() as client:
        health, ready = client.get("/health/db"), client.get("/readyz")
    service.sql("UPDATE django_migrations SET app = 'tasks' WHERE app = 'gone'")

    assert (health.status_code, health.json()["status"], health.json()["migration_status"]) == (
        503,
        "degraded",
        "pending",
    )
    assert health.json()["database_connected"] is True
    assert (ready.status_code, ready.json()["errors"]) == (503, ["migrations_pending"])


def test_without_redis_it_stays_ready_and_shows_it(service):
    service.valkey.stop()
    with service.client() as client:
        ready = client.get("/readyz")
    service.valkey.start()

    assert (ready.status_code, ready.json()["broker"]) == (200, "unavailable")


def test_on_sigterm_it_leaves_the_load_balancer_first_and_then_ends_well():
    with temporary_home() as home, Service(home, DRAIN_SECONDS="2") as service, service.client() as client:
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: client.get("/readyz").json()["errors"] == ["draining"], seconds=2)
        still_served = client.get("/health").status_code

        assert still_served == 200
        assert service.stop() == 0
