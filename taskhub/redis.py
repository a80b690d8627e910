"""The Redis client for everything that Celery does not do."""

import functools

import redis
from django.conf import settings

TIMEOUT = 0.5  # seconds to connect, and again to answer


@functools.cache
def redis_client() -> redis.Redis:
    return redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=TIMEOUT, socket_timeout=TIMEOUT, retry=None)
