import json
from base64 import b64decode

import pytest
import redis
from django.conf import settings

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
