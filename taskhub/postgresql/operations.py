"""Migrations that make and drop indexes beside the traffic (CONCURRENTLY): they wait for whoever is at work, hold up
nobody, and can be run again wherever they broke off. A migration that has one is `atomic = False`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently


@contextmanager
def patience(schema_editor: Any) -> Iterator[None]:
    """Without the limit that the settings give to waits for locks: a transaction of some seconds would end this one."""
    schema_editor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        schema_editor.execute("RESET lock_timeout")


def forget(name: str, schema_editor: Any) -> None:
    """An index that was not finished is left behind, and invalid."""
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(name)}")


class RetryableAddIndexConcurrently(AddIndexConcurrently):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patience(schema_editor):
            forget(self.index.name, schema_editor)
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patience(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RetryableRemoveIndexConcurrently(RemoveIndexConcurrently):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patience(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with patience(schema_editor):
            forget(self.name, schema_editor)
            super().database_backwards(app_label, schema_editor, from_state, to_state)
