"""The SQL that finds tasks: docs/adr/0011-where-sql-is-fixed.md says why it is fixed.

The position of a page is one row-value comparison: PostgreSQL turns it into a range of the index, but not
`a < x OR (a = x AND b < y)`. Limits are literals, so that PostgreSQL plans for them. No name is quoted, and none comes
from a client.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import chain
from typing import Any

from tasks.finding.indexes import RELEVANCE, Index, Sort

OWN = "owner_id = (SELECT user_id FROM caller)"
MATCH = "document @@ task_query(%s)"
MATCHES = f"EXISTS (SELECT FROM task_search WHERE task_id = tasks.id AND {MATCH})"
RANK = "(SELECT ts_rank(document, task_query(%s)) FROM task_search WHERE task_id = tasks.id)"


@dataclass(frozen=True)
class Condition:
    """One filter, as `sql` about a task. An index serves it by its `column`, which has one of the `values`, or lies in
    a range if there are none.
    """

    filter: str
    sql: str
    parameters: tuple[Any, ...] = ()
    column: str = ""
    values: tuple[Any, ...] | None = None

    def within(self, table: str) -> "Condition":
        """The same about a row of the table with the words of tasks."""
        return replace(self, sql=MATCH) if table == "task_search" else self


@dataclass(frozen=True)
class Source:
    """Ranges of one index, each given by the values of its prefix."""

    index: Index
    ranges: tuple[tuple[Any, ...], ...]
    conditions: tuple[Condition, ...]  # that hold within each range
    served: tuple[Condition, ...]  # with those that the values stand for


@dataclass(frozen=True)
class Page:
    """Which rows of what was found. `position` is the place of the last row of the page before."""

    sort: Sort
    position: Sequence[str] = ()
    skip: int = 0
    count: int = 1


def direct(source: Source, columns: Sequence[str], page: Page) -> tuple[str, list[Any]]:
    """One page of a source that has the order, read no further than the page."""
    text = chosen(source, page.sort, bool(page.position), page.skip + page.count, page.skip)
    return f"SELECT {', '.join(columns)} {text}", parameters(source, page.position)


def within(
    source: Source, columns: Sequence[str], others: Sequence[Condition], page: Page, most: int, words: str = ""
) -> tuple[str, list[Any]]:
    """One page of those tasks of a source that meet other conditions, too. No more than `most` tasks are read: from the
    position on if the source has the order, else in any order, and the position is looked for afterwards.
    """
    has_order = source.index.order == page.sort.columns
    inner = (
        f"SELECT tasks.* {chosen(source, page.sort if has_order else None, has_order and bool(page.position), most)}"
    )
    values = parameters(source, page.position if has_order else ())
    conditions = [condition.sql for condition in others]
    values += chain.from_iterable(condition.parameters for condition in others)
    if page.sort.columns == RELEVANCE:
        inner = f"SELECT tasks.*, {RANK} AS relevance FROM ({inner}) AS tasks"  # noqa: S608
        values.insert(0, words)
    if page.position and not has_order:
        conditions.append(behind(page.sort.columns, page.sort.descending))
        values += page.position
    where = f"WHERE {' AND '.join(conditions)} " if conditions else ""
    ordering = f"ORDER BY {in_order(page.sort.columns, page.sort.descending)} LIMIT {page.count} OFFSET {page.skip}"
    return f"SELECT {', '.join(columns)} FROM ({inner}) AS tasks {where}{ordering}", values  # noqa: S608


def number(source: Source, others: Sequence[Condition], most: int) -> tuple[str, list[Any]]:
    """How many tasks of a source meet other conditions, and how many were looked at: no more than `most`."""
    met = " AND ".join(condition.sql for condition in others) or "TRUE"
    values = list(chain.from_iterable(condition.parameters for condition in others)) + parameters(source)
    inner = f"SELECT {'tasks.*' if others else '1'} {chosen(source, None, False, most, whole=bool(others))}"
    return f"SELECT count(*) FILTER (WHERE {met}), count(*) FROM ({inner}) AS tasks", values  # noqa: S608


def seen(source: Source, page: Page, most: int) -> tuple[str, list[Any]]:
    """How many tasks within() looks at."""
    inner = f"SELECT 1 {chosen(source, page.sort, bool(page.position), most)}"
    return f"SELECT count(*) FROM ({inner}) AS looked_at", parameters(source, page.position)  # noqa: S608


def parameters(source: Source, position: Sequence[str] = ()) -> list[Any]:
    """Of the text that chosen() makes."""
    shared = [*chain.from_iterable(condition.parameters for condition in source.conditions), *position]
    return [value for values in source.ranges for value in (*(one for one in values if one is not None), *shared)]


def chosen(source: Source, sort: Sort | None, is_behind: bool, most: int, skip: int = 0, whole: bool = True) -> str:
    """`FROM …` up to `most` tasks, less those to skip. Without a `sort`, in the index's own order; not `whole`: without
    the rows of tasks, where the index is of another table.
    """
    nulls = tuple(tuple(value is None for value in values) for values in source.ranges)
    conditions = tuple(condition.sql for condition in source.conditions)
    descending = sort.descending if sort else not source.index.ascending
    return chosen_text(source.index, nulls, conditions, descending, is_behind, most, skip, whole)


@lru_cache(1000)
def chosen_text(
    index: Index,
    nulls: tuple[tuple[bool, ...], ...],
    conditions: tuple[str, ...],
    descending: bool,
    is_behind: bool,
    most: int,
    skip: int,
    whole: bool,
) -> str:
    columns = tuple(index.key if column == "id" else column for column in index.order)
    met = [OWN, *filter(None, [index.only]), *conditions, *([behind(columns, descending)] if is_behind else [])]
    # A column that is NULL in the whole range is named, or PostgreSQL would not see that the index has the order
    first = [name for name, null in zip(index.prefix, nulls[0], strict=True) if null]
    ordering = order_by(first, columns, descending, index.ascending)
    branches = []
    for of_range in nulls:
        values = [
            f"{name} IS NULL" if null else f"{name} = %s" for name, null in zip(index.prefix, of_range, strict=True)
        ]
        branches.append(f"FROM {index.table} WHERE {' AND '.join([met[0], *values, *met[1:]])}{ordering}")
    limits = f"LIMIT {most - skip} OFFSET {skip}"
    if index.table == "tasks" and len(branches) == 1:
        return f"{branches[0]} {limits}"
    if index.table == "tasks":
        return f"FROM ({merged('*', branches, most)}) AS tasks{ordering} {limits}"
    names = ", ".join(columns or [index.key])  # a task with two of the labels comes once
    found = f"SELECT DISTINCT {names} FROM ({merged(names, branches, most)}) AS found{ordering} {limits}"  # noqa: S608
    if not whole:
        return f"FROM ({found}) AS found"
    again = order_by(first, index.order, descending, index.ascending)
    # Each by its key, whatever PostgreSQL knows of the size of the tables
    each = f"SELECT * FROM tasks WHERE {OWN} AND id = found.{index.key} LIMIT 1"  # noqa: S608
    joined = f"SELECT tasks.* FROM ({found}) AS found, LATERAL ({each}) AS tasks"  # noqa: S608
    return f"FROM ({joined}) AS tasks{again}"


def merged(names: str, branches: Sequence[str], most: int) -> str:
    return " UNION ALL ".join(f"(SELECT {names} {branch} LIMIT {most})" for branch in branches)


def order_by(first: Sequence[str], columns: Sequence[str], descending: bool, ascending_index: bool) -> str:
    if not columns:
        return ""
    forward = "ASC" if ascending_index != descending else "DESC"
    return f" ORDER BY {', '.join([*(f'{column} {forward}' for column in first), in_order(columns, descending)])}"


def in_order(columns: Sequence[str], descending: bool) -> str:
    direction = "DESC" if descending else "ASC"
    return ", ".join(f"{column} {direction}" for column in columns)


def behind(columns: Sequence[str], descending: bool) -> str:
    return f"({', '.join(columns)}) {'<' if descending else '>'} ({', '.join('%s' for _ in columns)})"
