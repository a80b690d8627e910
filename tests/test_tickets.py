"""From spreadsheets to tasks over HTTP, with the real server and a real worker."""

import re
import subprocess

import psutil
import psycopg
import pytest

from devstack.service import ROOT, wait_until
from tickets.tests.spreadsheets import good_set


@pytest.fixture
def worker(service):
    """Starts one more worker, which ends with the test."""
    started = []

    def start():
        started.append(
            service.start("-m", "celery", "-A", "taskhub", "worker", "--concurrency=1", JOBS_QUEUES="bulk=1")
        )
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()


def test_the_walk_in_its_document_works_as_printed(service, worker):
    worker()
    with service.signed_up("walker") as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        walk = re.search(r"## Try it\n.*?```sh\n(.*?)```", (ROOT / "docs/tickets.md").read_text(), re.DOTALL).group(1)
        walk = walk.replace("http://127.0.0.1:8000", service.url)
        process = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"token={token}\n{walk}"], capture_output=True, text=True, timeout=90
        )

    assert process.returncode == 0, process.stderr
    assert process.stdout.startswith("bundles\nfields\n")
    assert '"title":"Content type: News"' in process.stdout.splitlines()[-1]
    assert "problems" not in process.stdout


def numbers(service, statement):
    with psycopg.connect(service.postgres.url, autocommit=True) as database:
        return database.execute(statement).fetchone()


def kill_in_the_middle(service, process, counted):
    """Kills the worker and its children once something is there, and lets another one go on without waiting."""
    wait_until(lambda: numbers(service, counted)[0] > 0)
    for one in [*psutil.Process(process.pid).children(recursive=True), process]:
        one.kill()
    process.wait()
    made = numbers(service, counted)[0]
    service.sql("UPDATE job_log SET lease_until = now() WHERE state = 'running'")
    return made


@pytest.mark.timeout(180)
def test_with_workers_killed_in_the_middle_no_ticket_and_no_task_is_missing_or_twice(service, worker):
    """It alone kills real processes while they generate and export: 898 tickets, each row one."""
    tickets = "SELECT count(*), count(DISTINCT source_key), count(task_id), count(DISTINCT task_id) FROM ticket"
    tasks = "SELECT count(*), count(DISTINCT external_key) FROM tasks WHERE external_source = 'taskhub'"
    before = numbers(service, tasks)[0]
    service.sql("TRUNCATE plan CASCADE")
    scheduler = service.start("manage.py", "jobs_scheduler")
    with service.signed_up("killer") as client:
        plan = client.post("/plans", json={"site_name": "Museum", "granularity": "row"}).json()["id"]
        for name, body in good_set().items():
            headers = {"Content-Type": "text/csv"}
            client.post(f"/plans/{plan}/files?name={name}", content=body, headers=headers).raise_for_status()
        assert client.post(f"/plans/{plan}/check").json()["ok"]
        process = worker()
        client.post(f"/plans/{plan}/generate").raise_for_status()
        made = kill_in_the_middle(service, process, tickets)
        process = worker()
        wait_until(lambda: client.get(f"/plans/{plan}").json()["stage"] == "review", 60)
        assert 0 < made < 898
        assert numbers(service, tickets) == (898, 898, 0, 0)

        service.sql("UPDATE ticket SET ready = true")
        assert client.post(f"/plans/{plan}/validate").json()["ok"]
        client.post(f"/plans/{plan}/export").raise_for_status()
        exported = kill_in_the_middle(service, process, "SELECT count(task_id) FROM ticket")
        worker()
        wait_until(lambda: client.get(f"/plans/{plan}").json()["stage"] == "completed", 60)
    scheduler.terminate()
    scheduler.wait()

    assert 0 < exported < 898
    assert numbers(service, tickets) == (898, 898, 898, 898)
    assert numbers(service, tasks)[0] - before == 898
