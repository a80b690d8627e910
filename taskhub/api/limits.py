"""How often something may be done: counted in Redis, or in each process by itself while Redis does not answer."""

import logging
import math
import time
from collections.abc import Callable, Iterable
from functools import cache, partial
from ipaddress import IPv6Address, ip_address
from typing import Any, TypeVar

from django.conf import settings
from limits import RateLimitItem, RateLimitItemPerSecond
from limits.errors import StorageError
from limits.storage import MemoryStorage, RedisStorage
from limits.strategies import MovingWindowRateLimiter, RateLimiter

from taskhub.api.problems import Problem
from taskhub.redis import TIMEOUT

log = logging.getLogger("taskhub.limits")
T = TypeVar("T")
Limit = tuple[tuple[int, int], ...]  # so many in so many seconds, each of them; none is no limit
PAUSE = 5  # seconds until Redis is asked again


class RateLimited(Problem):
    status_code = 429
    default_code = "rate_limited"
    default_detail = "There were too many requests."

    def __init__(self, seconds: float, detail: str | None = None) -> None:
        super().__init__(detail)
        self.retry_after = max(1, math.ceil(seconds))


class Counters:
    """Exact windows. Without Redis, a limit holds for each process: it is never open, and never closed."""

    def __init__(self) -> None:
        options: dict[str, Any] = {"socket_connect_timeout": TIMEOUT, "socket_timeout": TIMEOUT, "retry": None}
        shared = RedisStorage(settings.REDIS_URL, key_prefix="limit", wrap_exceptions=True, **options)
        self.shared, self.local = MovingWindowRateLimiter(shared), MovingWindowRateLimiter(MemoryStorage())
        self.ask_again = 0.0

    @property
    def are_shared(self) -> bool:
        return time.monotonic() >= self.ask_again

    def use(self, how: Callable[[RateLimiter], T]) -> T:
        if self.are_shared:
            try:
                return how(self.shared)
            except StorageError as error:
                self.ask_again = time.monotonic() + PAUSE
                log.warning("Redis does not answer (%s): each process counts by itself for %d s", error, PAUSE)
        return how(self.local)


@cache
def counters() -> Counters:
    return Counters()


def items(limit: Limit) -> list[RateLimitItem]:
    return [RateLimitItemPerSecond(amount, seconds) for amount, seconds in limit]


def hit(item: RateLimitItem, named: tuple[str, ...], cost: int, limiter: RateLimiter) -> bool:
    return limiter.hit(item, *named, cost=cost)


def clear(item: RateLimitItem, named: tuple[str, ...], limiter: RateLimiter) -> None:
    limiter.clear(item, *named)


def count(limit: Limit, *named: str, cost: int = 1) -> None:
    """Counts one more, or `cost`. Raises RateLimited when that exceeds a window; then nothing is counted in it."""
    for item in items(limit):
        if not counters().use(partial(hit, item, named, cost)):
            raise RateLimited(rest(item, *named)[1])


def rest(item: RateLimitItem, *named: str) -> tuple[int, float]:
    """How many are left in the window, and in how many seconds the next one is free."""
    stats = counters().use(lambda limiter: limiter.get_window_stats(item, *named))
    return stats.remaining, max(0.0, stats.reset_time - time.time())


def forget(limit: Limit, *named: str) -> None:
    for item in items(limit):
        counters().use(partial(clear, item, named))


def headers(limits: Iterable[tuple[str, Limit, str]]) -> dict[str, str]:
    """RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers-10), for (name, limit, who is counted)."""
    policies, states = [], []
    for name, limit, who in limits:
        for item in items(limit):
            left, seconds = rest(item, name, who)
            policies.append(f'"{name}-{item.get_expiry()}";q={item.amount};w={item.get_expiry()}')
            states.append(f'"{name}-{item.get_expiry()}";r={left};t={math.ceil(seconds)}')
    return {"RateLimit-Policy": ", ".join(policies), "RateLimit": ", ".join(states)} if states else {}


def network_of(address: str | None) -> str:
    """By what clients are counted: an IPv4 address, or the /64 network that one customer has of IPv6 (RFC 6177)."""
    if not address:
        return "-"
    found = ip_address(address)
    return str(IPv6Address(int(found) >> 64 << 64)) if isinstance(found, IPv6Address) else address
