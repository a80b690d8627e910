"""How many rows there are, without reading all of them."""

import json
from typing import Any

from django.db.models import QuerySet

DEEPEST = 10_000  # rows that are counted one by one


class About(int):
    """A number of rows that nobody has counted."""

    def __str__(self) -> str:
        return f"about {int(self):,}" if self > DEEPEST + 1 else f"more than {DEEPEST:,}"


def planned_rows(rows: QuerySet[Any]) -> int:
    """How many the planner expects, by the statistics that ANALYZE keeps."""
    if rows.query.is_empty():
        return 0
    plan = rows.order_by().values("pk").explain(format="json")
    return int(json.loads(plan)[0]["Plan"]["Plan Rows"])


def number_of(rows: QuerySet[Any]) -> int:
    """Exact up to DEEPEST; beyond, which prints as such, what the planner expects."""
    planned = planned_rows(rows)
    if planned > DEEPEST:
        return About(planned)
    counted = rows.order_by()[: DEEPEST + 1].count()
    return counted if counted <= DEEPEST else About(counted)  # the planner was wrong
