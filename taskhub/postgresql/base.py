"""Django's PostgreSQL backend without two of its costs per request. benchmarks/ has the figures."""

import select
from datetime import UTC, datetime
from typing import Any

from django.db.backends.postgresql import base
from django.db.backends.postgresql.psycopg_any import BaseTzLoader


class UTCLoader(BaseTzLoader):
    """Parses a timestamptz with the standard library's C code; psycopg's loader is Python once Django subclasses it."""

    timezone = UTC

    def load(self, data: Any) -> datetime:
        try:
            return datetime.fromisoformat(bytes(data).decode())
        except ValueError:  # infinity, or a year beyond 9999: let psycopg say so
            return super().load(data)  # type: ignore[no-any-return]


class DatabaseWrapper(base.DatabaseWrapper):
    def get_new_connection(self, conn_params: dict[str, Any]) -> Any:
        connection = super().get_new_connection(conn_params)
        connection.adapters.register_loader("timestamptz", UTCLoader)
        return connection

    def is_connected(self) -> bool:
        """Whether the server is still there, without a round trip: a closed connection has an end of stream to read."""
        if self.connection is None or self.connection.closed:
            return False
        poll = select.poll()
        poll.register(self.connection.fileno(), select.POLLIN)
        return not poll.poll(0)

    def is_usable(self) -> bool:
        """False after an error: the server may have become read-only by a failover, or hold plans of a table that
        has changed."""
        return not self.errors_occurred and self.is_connected()

    def rollback(self) -> None:
        """Django takes a successful rollback for a sign of health, and would forget the error before it."""
        failed = self.errors_occurred
        super().rollback()
        self.errors_occurred = failed
