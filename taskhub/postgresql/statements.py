"""The two statements that most requests consist of, as fixed SQL: docs/adr/0011-where-sql-is-fixed.md says why.

Each looks the caller up as it goes (Caller). Table and column names are not quoted, so pass only constants.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from django.db import connection, models

from taskhub.postgresql.caller import Caller


def rows_in_order(
    caller: Caller,
    table: str,
    columns: Sequence[str],
    where: Mapping[str, Any],
    order: Sequence[str],
    position: Sequence[str] = (),
    skip: int = 0,
    count: int = 1,
    only: str = "",
    ascending: bool = False,
) -> list[dict[str, Any]]:
    """Up to `count` rows of the caller as dicts of `columns`, in `order`, after `position` if there is one.

    `columns` may have aliases. `where` maps columns to the values they must have; `only` is one more condition.
    """
    statement = page_statement(
        caller.active, table, tuple(columns), tuple(where), tuple(order), bool(position), skip, count, only, ascending
    )
    names = [column.rpartition(" ")[2] for column in columns]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*caller.parameters, *where.values(), *position])
        found = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    if not found:
        caller.check()
    caller.checked = True
    return found


@lru_cache
def page_statement(
    active: str,
    table: str,
    columns: Sequence[str],
    where: Sequence[str],
    order: Sequence[str],
    behind: bool,
    skip: int,
    count: int,
    only: str,
    ascending: bool,
) -> str:
    """The position is one row-value comparison: PostgreSQL turns it into a range of the composite index, but not
    `a < x OR (a = x AND b < y)`. The limit and offset are literals, so that PostgreSQL plans for them.
    """
    conditions = ["owner_id = (SELECT user_id FROM caller)", *(f"{column} = %s" for column in where)]
    conditions += [only] if only else []
    direction, sign = ("ASC", ">") if ascending else ("DESC", "<")
    if behind:
        conditions.append(f"({', '.join(order)}) {sign} ({', '.join('%s' for _ in order)})")
    return (
        f"WITH caller AS ({active}) SELECT {', '.join(columns)} FROM {table}"  # noqa: S608
        f" WHERE {' AND '.join(conditions)}"
        f" ORDER BY {', '.join(f'{column} {direction}' for column in order)} LIMIT {count:d} OFFSET {skip:d}"
    )


class NothingInserted(Exception):
    """Not because the caller is not active: the statement has a condition of its own that was not met."""


def insert(caller: Caller, row: models.Model, also: str, parameters: Sequence[Any]) -> tuple[str, int]:
    """Inserts a row owned by the caller. Returns the caller's username and version. One statement, so a transaction of
    its own.

    `also` is a part of it that takes `parameters`. Raises NothingInserted, what the caller's check raises, and
    IntegrityError.
    """
    fields, columns = inserted(type(row), getattr(row, "left_to_database", ()))
    found_values = ((field, getattr(row, field.attname)) for field in fields)
    values = [None if value is None else field.get_db_prep_save(value, connection) for field, value in found_values]
    statement = insert_statement(caller.before, caller.active, row._meta.db_table, columns, also)
    with connection.cursor() as cursor:
        cursor.execute(statement, [*caller.parameters, *values, *parameters])
        found = cursor.fetchone()
    if found is None:
        caller.check()
        raise NothingInserted
    caller.checked = True
    return str(found[0]), int(found[1])


@lru_cache
def inserted(model: type[models.Model], left: tuple[str, ...]) -> tuple[Sequence[Any], tuple[str, ...]]:
    """The fields that a new row is given, and their columns. What the row names in `left_to_database` has a default
    there, or a trigger.
    """
    fields = [field for field in model._meta.concrete_fields if field.attname not in {"owner_id", *left}]
    return fields, tuple(str(field.column) for field in fields)


@lru_cache
def insert_statement(before: str, active: str, table: str, columns: Sequence[str], also: str) -> str:
    return (
        f"WITH {before}caller AS ({active}), made AS (INSERT INTO {table} (owner_id, {', '.join(columns)})"  # noqa: S608
        f" SELECT user_id, {', '.join('%s' for _ in columns)} FROM caller)"
        f"{also} SELECT username, version FROM caller"
    )
