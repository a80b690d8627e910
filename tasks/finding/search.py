"""Finds tasks by what a client asks for, and never slowly.

An index that has all filters in the wanted order gives a page at once. Otherwise up to MOST tasks are read: all that
one index has of some of the filters, or from the position on in the wanted order until the page is full. What neither
can answer is refused.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from django.db import connection

from taskhub.api.problems import BadParameter
from taskhub.postgresql.caller import Caller
from tasks.finding.indexes import ALL_VALUES, OF_LABELS, OF_TASKS, OF_WORDS, TRASH, Index, Sort
from tasks.finding.statements import Condition, Page, Source, direct, number, seen, within
from tasks.models.task import COLUMNS, NAMES

MOST = 10_000  # tasks that are read where no index has all of it; and up to which they are counted
TRIED = 4  # indexes, at most, whose tasks are counted to see whether they are few
BRANCHES = 50  # ranges that are merged


class TooBroad(BadParameter):
    def __init__(self, parameter: str) -> None:
        super().__init__(
            parameter,
            "too_broad",
            f"No index has these filters in this order, and more than {MOST:,} tasks would have to be read. Add a "
            "filter that fewer tasks meet, such as list, label, parent or q, or leave this one out.",
        )


class Wanted(NamedTuple):
    """What a client asks for. `words` is `q`."""

    conditions: tuple[Condition, ...]
    sort: Sort
    words: str = ""

    @property
    def deleted(self) -> bool:
        return any(condition.filter == "deleted" for condition in self.conditions)

    @property
    def nothing(self) -> bool:
        """No task can meet a condition."""
        return any(condition.values == () for condition in self.conditions)


def sources(wanted: Wanted) -> Iterator[Source]:
    """Of each index that serves some of the conditions, or has the order."""
    found = [(index, wanted.conditions) for index in (*OF_TASKS, OF_WORDS)]
    labels = [one for one in wanted.conditions if one.column == "label_id"]
    rest = tuple(one for one in wanted.conditions if one.column != "label_id")
    found += [(OF_LABELS, (label, *rest)) for label in labels]  # each has ranges of its own
    for index, conditions in found:
        source = source_of(index, conditions) if (index.only == TRASH) == wanted.deleted else None
        if source and (source.served or index.order == wanted.sort.columns):
            yield source


def source_of(index: Index, conditions: Sequence[Condition]) -> Source | None:
    """None when the index begins with a column of which no value is known."""
    by_column = {condition.column: condition for condition in reversed(conditions)}
    if any(column not in by_column and column not in ALL_VALUES for column in index.prefix):
        return None
    named = [by_column[column] for column in index.prefix if column in by_column]
    values = [by_column[column].values or () if column in by_column else ALL_VALUES[column] for column in index.prefix]
    if index.refuses_null and None in values[0]:
        return None
    ranges = tuple(product(*values))
    inside = [one for one in conditions if one.column in index.ranged and one not in named]
    if len(ranges) > BRANCHES:
        return None
    return Source(index, ranges, tuple(one.within(index.table) for one in inside), (*named, *inside))


def others(source: Source, wanted: Wanted) -> tuple[Condition, ...]:
    """The conditions that the source does not serve."""
    return tuple(condition for condition in wanted.conditions if condition not in source.served)


def best(wanted: Wanted) -> Source | None:
    """The one that has the order, with the fewest conditions left, and the fewest ranges."""
    found = [source for source in sources(wanted) if source.index.order == wanted.sort.columns]
    return min(found, key=lambda source: (len(others(source, wanted)), len(source.ranges)), default=None)


@lru_cache
def whole(sort: Sort) -> Source | None:
    """What has all tasks in an order: that of most requests."""
    return best(Wanted((), sort))


def few(caller: Caller, wanted: Wanted) -> Source | None:
    """A source of no more than MOST tasks, of those that serve most of the conditions."""
    found = [source for source in sources(wanted) if source.served]
    found.sort(key=lambda source: (-len(source.served), len(source.ranges)))
    for source in found[:TRIED]:
        if counted(caller, *number(source, (), MOST + 1))[1] <= MOST:
            return source
    return None


def tasks(
    caller: Caller, wanted: Wanted, position: Sequence[str] = (), skip: int = 0, count: int = 1
) -> list[dict[str, Any]]:
    """Up to `count` tasks as clients see them, but for the names of their labels, with the columns of the order.

    After `position`, if there is one. Raises TooBroad, and what the caller's check raises.
    """
    more = tuple(name for name in wanted.sort.columns if name not in NAMES)
    names = (*NAMES, *more)
    found = rows(caller, wanted, (*COLUMNS, *more), Page(wanted.sort, position, skip, count))
    return [dict(zip(names, row, strict=True)) for row in found]


def rows(caller: Caller, wanted: Wanted, columns: Sequence[str], page: Page) -> list[tuple[Any, ...]]:
    """The columns of up to `page.count` tasks. Raises TooBroad, and what the caller's check raises."""
    if wanted.nothing:
        caller.check()
        return []
    source = best(wanted) if wanted.conditions else whole(wanted.sort)
    if source and not (left := others(source, wanted)):
        return read(caller, *direct(source, columns, page))
    if small := few(caller, wanted):
        return read(caller, *within(small, columns, others(small, wanted), page, MOST, wanted.words))
    if source:
        found = read(caller, *within(source, columns, left, page, MOST, wanted.words))
        if len(found) == page.count or counted(caller, *seen(source, page, MOST))[0] < MOST:
            return found
    raise TooBroad(left[0].filter if source else "sort")


def count(caller: Caller, wanted: Wanted) -> tuple[int, bool]:
    """How many tasks there are, up to MOST, and whether there may be more."""
    if wanted.nothing:
        return 0, False
    source = min(sources(wanted), key=lambda source: (len(others(source, wanted)), len(source.ranges)))
    left = others(source, wanted)
    if left and (small := few(caller, wanted)):
        source, left = small, others(small, wanted)
    met, looked_at = counted(caller, *number(source, left, MOST + 1))
    return min(met, MOST), looked_at > MOST


def read(caller: Caller, statement: str, parameters: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Rows of tasks. That there is one shows that the caller is active."""
    with connection.cursor() as cursor:
        cursor.execute(f"WITH caller AS ({caller.active}) {statement}", [*caller.parameters, *parameters])
        found: list[tuple[Any, ...]] = cursor.fetchall()
    if not found:
        caller.check()
    caller.checked = True
    return found


def counted(caller: Caller, statement: str, parameters: Sequence[Any]) -> tuple[int, ...]:
    """The one row of an aggregate, which shows nothing of the caller."""
    with connection.cursor() as cursor:
        cursor.execute(f"WITH caller AS ({caller.active}) {statement}", [*caller.parameters, *parameters])
        found: tuple[int, ...] = cursor.fetchone()
    return found
