"""How many rows there are, without reading all of them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import Count, QuerySet
from django.db.models.functions import TruncDay
from django.utils import timezone
from psycopg.errors import QueryCanceled

from taskhub.postgresql.errors import is_caused_by

DEEPEST = 10_000  # rows that are counted exactly


class About(int):
    """An estimated number of rows."""

    def __str__(self) -> str:
        return f"about {int(self):,}" if self > DEEPEST + 1 else f"more than {DEEPEST:,}"


def planned_rows(rows: QuerySet[Any]) -> int:
    """How many rows the planner expects, from the statistics that ANALYZE collects."""
    if rows.query.is_empty():
        return 0
    plan = rows.order_by().values("pk").explain(format="json")
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"])


def number_of(rows: QuerySet[Any]) -> int:
    """Exact up to DEEPEST; beyond that the planner's estimate, which prints as one."""
    planned = planned_rows(rows)
    if planned > DEEPEST:
        return About(planned)
    counted = rows.order_by()[: DEEPEST + 1].count()
    return counted if counted <= DEEPEST else About(counted)  # the planner was wrong


def within(milliseconds: int, rows: QuerySet[Any, Any]) -> list[Any] | None:
    """The rows, or None if PostgreSQL takes longer than that."""
    try:
        with transaction.atomic(), statement_timeout(milliseconds):
            return list(rows)
    except OperationalError as error:
        if not is_caused_by(error, QueryCanceled):
            raise
    return None


@contextmanager
def statement_timeout(milliseconds: int) -> Iterator[None]:
    """Limits statements until the end of the block; one that takes longer aborts the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('statement_timeout')")
        before = cursor.fetchone()[0]
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [str(milliseconds)])
        yield
        cursor.execute("SELECT set_config('statement_timeout', %s, true)", [before])


def per_day(rows: QuerySet[Any], field: str, days: int, milliseconds: int) -> dict[datetime, int]:
    """How many rows have a time on each of the last `days` days (UTC), oldest first; estimates if counting takes longer
    than that."""
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    wanted = [today - timedelta(days=ago) for ago in reversed(range(days))]
    recent = rows.filter(**{f"{field}__gte": wanted[0]}).order_by()
    counted = within(milliseconds, recent.values_list(TruncDay(field)).annotate(Count("pk")))
    if counted is not None:
        return {day: dict(counted).get(day, 0) for day in wanted}
    one = timedelta(days=1)
    return {day: planned_rows(rows.filter(**{f"{field}__gte": day, f"{field}__lt": day + one})) for day in wanted}
