import json
import signal
from base64 import b64decode
from contextlib import closing, contextmanager

import pytest
import redis
from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connection, connections

from jobs import wakeups


@pytest.fixture
def broker():
    """The real Redis of the tests, with an empty queue."""
    server = redis.Redis.from_url(settings.REDIS_URL)
    server.flushdb()
    wakeups.breaker.record(success=True)
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


def interrupt(signum, frame):
    raise SoftTimeLimitExceeded


@pytest.fixture
def time_limit(transactional_db):
    """time_limit() strikes half a second later. Afterwards Django has the connection again that the tests know."""
    known, before = connections[DEFAULT_DB_ALIAS], signal.signal(signal.SIGALRM, interrupt)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.5)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)
    connection.close()
    connections[DEFAULT_DB_ALIAS] = known
    known.connect()
