"""The HTTP conventions that every app shares (docs/CONTRACT.md)."""

from contextvars import ContextVar

request_id: ContextVar[str] = ContextVar("request_id", default="-")  # of the current request
