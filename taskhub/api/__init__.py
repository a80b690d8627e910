"""The HTTP conventions that every app shares (docs/CONTRACT.md)."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")  # of the current request
# When it arrived, by time.monotonic(), or at the first proxy if that says so
arrived: ContextVar[float] = ContextVar("arrived")
