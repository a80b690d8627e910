import json
from base64 import b64decode
from contextlib import closing, contextmanager

import pytest
import redis
from django.conf import settings
from django.db import connection

from jobs import doorbell


@pytest.fixture
def broker():
    """The real Redis of the tests, with an empty queue."""
    server = redis.Redis.from_url(settings.REDIS_URL)
    server.flushdb()
    doorbell.breaker.record(success=True)
    yield server
    server.close()


@pytest.fixture
def announced(broker):
    """Tells the ids in the queue, the latest first."""
    return lambda: [json.loads(b64decode(json.loads(raw)["body"]))[0][0] for raw in broker.lrange("jobs", 0, -1)]


@pytest.fixture
def held(transactional_db):
    """`with held(job):` its worker is committing, for longer than anybody waits, who by default does for `patience`."""

    @contextmanager
    def hold(job, patience="50ms"):
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [patience])
        with closing(connection.copy()) as elsewhere, elsewhere.cursor() as cursor:
            cursor.execute("BEGIN")
            cursor.execute("SELECT FROM job_log WHERE job_id = %s FOR NO KEY UPDATE", [job.pk])
            yield

    yield hold
    connection.close()
