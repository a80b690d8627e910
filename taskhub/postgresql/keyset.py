"""The one statement that reads pages, as fixed SQL: docs/adr/0011-where-sql-is-fixed.md says why."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import connection


def newest_first(
    table: str,
    columns: Sequence[str],
    where: Mapping[str, Any],
    order: Sequence[str],
    position: Sequence[str],
    skip: int,
    count: int,
) -> list[dict[str, Any]]:
    """Up to `count` rows as dicts of `columns`, in descending `order`, behind `position` if there is one.

    `columns` may have aliases. `where` holds the value of each column that has to match. The position is one row-value
    comparison: PostgreSQL makes a range of the composite index of it, but not of `a < x OR (a = x AND b < y)`. The
    numbers stand in the statement, so that PostgreSQL plans for them. All names are ours, and not quoted.
    """
    conditions = [f"{column} = %s" for column in where]
    if position:
        conditions.append(f"({', '.join(order)}) < ({', '.join('%s' for _ in position)})")
    statement = (
        f"SELECT {', '.join(columns)} FROM {table} WHERE {' AND '.join(conditions)}"  # noqa: S608
        f" ORDER BY {', '.join(f'{column} DESC' for column in order)} LIMIT {count:d} OFFSET {skip:d}"
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [*where.values(), *position])
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
