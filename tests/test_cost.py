"""What a request costs, so that nobody makes it dearer unseen: statements, and CPU as a share of a piece of work in the
same process. No time is absolute; the bounds are about twice what was measured (benchmarks/ has figures).
"""

import io
import time
from math import inf

import pytest
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts.tests.factories import access_token
from taskhub.wsgi import application
from tasks.tests.factories import TaskFactory

pytestmark = pytest.mark.django_db(transaction=True)
BODY = b'{"title": "Buy milk"}'
COSTS = [  # method, path, statements, CPU as a share of the piece of work
    ("GET", "/tasks/", 1, 1.8),
    ("GET", "/tasks/{id}", 1, 1.5),
    ("POST", "/tasks/", 1, 2),
    ("GET", "/health", 0, 1),
]

ROUNDS, MOST_ROUNDS = 12, 100  # more while other tests share the processor, which costs a request more than a loop


@pytest.fixture
def ask(alice):
    """Hands a request to the WSGI application, as the server does."""
    task = TaskFactory.create_batch(21, owner=alice)[0]
    headers = {"Authorization": f"Bearer {access_token(alice)}"}

    def ask(method, path):
        factory = RequestFactory(headers=headers)
        environ = factory.generic(method, path.format(id=task.pk), BODY, content_type="application/json").environ
        statuses = []
        list(application({**environ, "wsgi.input": io.BytesIO(BODY)}, lambda status, *_: statuses.append(status)))
        assert statuses[0][:3] in ("200", "201")

    return ask


def piece_of_work():
    """Some of everything that Python does in a request: calls, dicts, strings."""
    for n in range(1000):
        dict(zip(("a", "b", "c"), (f"{n}", n, str(n).encode()), strict=True))


def cpu_of(call, times):
    started = time.thread_time()
    for _ in range(times):
        call()
    return time.thread_time() - started


@pytest.mark.parametrize(("method", "path", "statements", "share"), COSTS)
def test_a_request_takes_so_many_statements(ask, method, path, statements, share):
    ask(method, path)  # what is done only once is not a part of it
    with CaptureQueriesContext(connection) as captured:
        ask(method, path)

    assert len(captured) == statements


@pytest.mark.parametrize(("method", "path", "statements", "share"), COSTS)
def test_a_request_takes_little_cpu(ask, method, path, statements, share):
    cpu_of(lambda: ask(method, path), 20)
    request = work = inf  # the least of all rounds, because what disturbs only adds
    for done in range(MOST_ROUNDS):
        if done >= ROUNDS and request / work < share:
            break
        request = min(request, cpu_of(lambda: ask(method, path), 20))
        work = min(work, cpu_of(piece_of_work, 20))

    assert request / work < share
