"""Migration operations that Django does not have.

Indexes created and dropped without blocking writes (CONCURRENTLY), which can be run again after a failure; such a
migration is `atomic = False`. And triggers that keep updated_at and version true, whoever
writes.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db.migrations import AddConstraint, RemoveConstraint, RunSQL, SeparateDatabaseAndState
from django.db.models import UniqueConstraint


@contextmanager
def without_lock_timeout(schema_editor: Any) -> Iterator[None]:
    """Lifts the lock_timeout of the settings, because CONCURRENTLY has to wait for running transactions to end."""
    schema_editor.execute("SET lock_timeout = 0")
    try:
        yield
    finally:
        schema_editor.execute("RESET lock_timeout")


def forget(name: str, schema_editor: Any) -> None:
    """Drops the invalid index that a failed attempt leaves behind."""
    schema_editor.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {schema_editor.quote_name(name)}")


class RetryableAddIndexConcurrently(AddIndexConcurrently):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with without_lock_timeout(schema_editor):
            forget(self.index.name, schema_editor)
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with without_lock_timeout(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


class RetryableRemoveIndexConcurrently(RemoveIndexConcurrently):
    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with without_lock_timeout(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with without_lock_timeout(schema_editor):
            forget(self.name, schema_editor)
            super().database_backwards(app_label, schema_editor, from_state, to_state)


def keep_updated_at(table: str, *ignored: str) -> RunSQL:
    """A trigger that sets updated_at when a row changes and the writer did not.

    Changes of the columns `ignored` do not count. Names are not quoted, so pass only constants.
    """
    old, new = (f"to_jsonb({row}) - '{{{','.join(ignored)}}}'::text[]" for row in ("OLD", "NEW"))
    when = f"OLD.updated_at = NEW.updated_at AND {old} IS DISTINCT FROM {new}"
    return before_update(table, "set_updated_at", when, "NEW.updated_at := statement_timestamp()")


def keep_version(table: str, *columns: str) -> RunSQL:
    """A trigger that counts the version when one of the columns changes and the writer did not count it."""
    # By the whole row, because a column that a trigger names cannot change its type
    differs = (f"to_jsonb(OLD) -> '{column}' IS DISTINCT FROM to_jsonb(NEW) -> '{column}'" for column in columns)
    when = f"OLD.version = NEW.version AND ({' OR '.join(differs)})"
    return before_update(table, "count_version", when, "NEW.version := OLD.version + 1")


def before_update(table: str, name: str, when: str, assignment: str) -> RunSQL:
    return RunSQL(
        f"""
        CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN {assignment}; RETURN NEW; END
        $$;
        CREATE TRIGGER {table}_{name} BEFORE UPDATE ON {table} FOR EACH ROW
            WHEN ({when}) EXECUTE FUNCTION {table}_{name}();
        """,
        f"DROP TRIGGER {table}_{name} ON {table}; DROP FUNCTION {table}_{name}();",
    )


def unique_concurrently(
    model: str, table: str, columns: str, constraint: UniqueConstraint, condition: str
) -> SeparateDatabaseAndState:
    """A partial unique constraint, whose index is built while the table is written to. Not in a transaction.

    It can be run again after a failure, which leaves an invalid index. Names are not quoted, so pass only constants.
    """
    build, drop = build_and_drop(table, columns, constraint.name, condition)
    return SeparateDatabaseAndState([RunSQL(build, drop)], [AddConstraint(model, constraint)])


def no_longer_unique_concurrently(
    model: str, table: str, columns: str, name: str, condition: str
) -> SeparateDatabaseAndState:
    """The other way round. Django's RemoveConstraint would lock the table, and wait for that lock before all others."""
    build, drop = build_and_drop(table, columns, name, condition)
    return SeparateDatabaseAndState([RunSQL(drop, build)], [RemoveConstraint(model, name)])


def build_and_drop(table: str, columns: str, name: str, condition: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The statements for a partial unique index; without the lock_timeout, as without_lock_timeout() says."""
    drop = f"DROP INDEX CONCURRENTLY IF EXISTS {name}"
    create = f"CREATE UNIQUE INDEX CONCURRENTLY {name} ON {table} ({columns}) WHERE {condition}"
    before, after = "SET lock_timeout = 0", "RESET lock_timeout"
    return (before, drop, create, after), (before, drop, after)
