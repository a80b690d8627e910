import os
from urllib.parse import urlsplit

import psycopg
import pytest

from devstack.ports import free_port
from devstack.service import temporary_home, wait_until
from jobs.tests.processes.laboratory import Laboratory
from jobs.tests.processes.workers import WorkingService


@pytest.fixture(scope="session")
def lab(tmp_path_factory):
    """Works in a database of its own, without Celery. Jobs stay until the end, so each test makes its own."""
    url = urlsplit(os.environ["DATABASE_URL"])
    name = f"lab_{os.getpid()}"
    with psycopg.connect(url.geturl(), autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        own = {
            **os.environ,
            "DATABASE_URL": url._replace(path=f"/{name}").geturl(),
            "EMAIL_URL": f"smtp://127.0.0.1:{free_port()}",
        }
        with Laboratory(own, tmp_path_factory.mktemp("lab")) as lab:
            yield lab
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def works():
    with temporary_home() as home, WorkingService(home) as works:
        yield works


@pytest.fixture
def awake(works):
    """After what an earlier test did to it, the worker takes messages again."""
    job_id = works.lab.enqueue("steady")
    wait_until(lambda: works.lab.finished(job_id))
