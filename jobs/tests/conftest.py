import signal
from contextlib import closing, contextmanager

import pytest
import redis
from billiard.exceptions import SoftTimeLimitExceeded
from django.conf import settings
from django.core.management import call_command
from django.db import DEFAULT_DB_ALIAS, connection, connections

from jobs import wakeups
from taskhub.environment import QUEUES


@pytest.fixture
def jobs(db, capsys):
    """Runs `manage.py jobs ...` and returns what it prints."""

    def run(*arguments):
        call_command("jobs", *arguments)
        return capsys.readouterr().out

    return run


@pytest.fixture
def broker():
    """The real Redis of the tests, with an empty queue."""
    server = redis.Redis.from_url(settings.REDIS_URL)
    server.flushdb()
    wakeups.breaker.record(success=True)
    yield server
    server.close()


@pytest.fixture
def woken(broker):
    """Tells the queues that a wake-up waits in."""
    return lambda: [queue for queue in QUEUES if broker.llen(queue)]


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
    """time_limit() strikes half a second later."""
    before = signal.signal(signal.SIGALRM, interrupt)
    yield lambda: signal.setitimer(signal.ITIMER_REAL, 0.5)
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def same_connection():
    """The engine may have made another one, which would keep the test database from being dropped."""
    known = connections[DEFAULT_DB_ALIAS]
    yield
    if connections[DEFAULT_DB_ALIAS] is not known:
        connections[DEFAULT_DB_ALIAS].close()
        connections[DEFAULT_DB_ALIAS] = known
        known.connect()
