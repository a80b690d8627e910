"""What programs do over HTTP, against the real server."""

import os
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from devstack.service import ROOT, wait_until


def test_a_client_of_the_original_service_goes_on_working(service):
    credentials = {"username": "user_1f3a", "password": "StrongPass123"}
    with service.client() as client:
        assert client.post("/auth/register", json=credentials).status_code == 201
        token = client.post("/auth/login", data=credentials).json()["access_token"]
        headers = {"Authorization": f"Bearer {token}"}
        for n in range(5):
            assert client.post("/tasks/", json={"title": f"Task {n}"}, headers=headers).status_code == 201
        page = client.get("/tasks/?limit=2&offset=0", headers=headers).json()
        rest = client.get("/tasks/?limit=2&skip=2", headers=headers).json()
        gone = client.delete(f"/tasks/{page['items'][0]['id']}", headers=headers)

    assert len(page["items"]) == 2
    assert (page["meta"]["limit"], page["meta"]["has_more"]) == (2, True)
    assert [task["title"] for task in rest["items"]] == ["Task 2", "Task 1"]
    assert gone.status_code == 204


def test_the_walk_in_the_readme_works_as_printed(service):
    readme = (ROOT / "README.md").read_text()
    walk = re.search(r"## Try it\n.*?```sh\n(.*?)```", readme, re.DOTALL).group(1)
    walk = walk.replace("http://127.0.0.1:8000", service.url)
    process = subprocess.run(["bash", "-euo", "pipefail", "-c", walk], capture_output=True, text=True, timeout=60)

    assert process.returncode == 0, process.stderr
    assert '"title":"Buy milk"' in process.stdout
    assert '"status":"done"' in process.stdout
    assert "problems" not in process.stdout


def test_a_body_sent_in_chunks_is_read(service):
    with service.signed_up("chunky") as client:
        response = client.post(
            "/tasks/", content=iter([b'{"title": ', b'"Buy milk"}']), headers={"Content-Type": "application/json"}
        )

    assert (response.status_code, response.json()["title"]) == (201, "Buy milk")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_of_ten_megabytes_is_refused(service, chunked):
    body = b"x" * 10_000_000
    with service.client() as client:
        response = client.post(
            "/auth/register", content=iter([body]) if chunked else body, headers={"Content-Type": "application/json"}
        )

    assert (response.status_code, response.json()["code"]) == (413, "body_too_large")


def test_ten_parallel_health_checks_are_answered(service):
    with ThreadPoolExecutor(10) as pool:
        answers = list(pool.map(lambda _: httpx.get(f"{service.url}/health", timeout=10), range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert list(answers[0].json()) == ["status", "app", "version", "timestamp", "uptime_seconds"]


def test_a_request_that_dies_half_way_leaves_the_server_well(service):
    import socket

    with socket.create_connection(("127.0.0.1", service.port)) as wire:
        wire.sendall(b"POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{")

    assert service.answers("/health")


def test_a_server_process_that_dies_is_replaced(service):
    def children():
        return Path(f"/proc/{service.process.pid}/task/{service.process.pid}/children").read_text().split()

    before = children()
    os.kill(int(before[-1]), 9)
    wait_until(lambda: len(children()) == len(before) and before[-1] not in children())

    wait_until(lambda: service.answers("/health"))
    assert all(service.answers("/health") for _ in range(20))
