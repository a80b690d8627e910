"""The orders in which tasks come, and the indexes that have them in such an order.

An index serves a filter on a column that it begins with, or whose range it goes through. Where it begins with a status
or priority that a client did not name, all of them are read, each by a range of its own, and merged.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tasks.models import Priority, Status

LIVE, TRASH = "deleted_at IS NULL", "deleted_at IS NOT NULL"


@dataclass(frozen=True)
class Sort:
    """`columns` end with the id, so that no two tasks are at the same place; none of them is ever NULL."""

    columns: tuple[str, ...]
    descending: bool


CREATED, DUE, UPDATED = ("created_at", "id"), ("due_key", "id"), ("updated_at", "id")
PRIORITY, POSITION = ("priority_rank", "created_at", "id"), ("position", "id")
COMPLETED, DELETED, RELEVANCE = ("completed_at", "id"), ("deleted_at", "id"), ("relevance", "id")
SORTS = {
    "-created": Sort(CREATED, descending=True),
    "created": Sort(CREATED, descending=False),
    "due": Sort(DUE, descending=False),
    "-due": Sort(DUE, descending=True),
    "-priority": Sort(PRIORITY, descending=True),
    "position": Sort(POSITION, descending=False),
    "updated": Sort(UPDATED, descending=False),
    "-updated": Sort(UPDATED, descending=True),
    "-completed": Sort(COMPLETED, descending=True),
    "-deleted": Sort(DELETED, descending=True),
    "relevance": Sort(RELEVANCE, descending=True),
}
# Of these columns all values are known
ALL_VALUES: Mapping[str, Sequence[Any]] = {"status": Status.values, "priority_rank": range(len(Priority))}


@dataclass(frozen=True)
class Index:
    """`prefix` are the columns after the owner that have one value in each range, `order` those that follow. `only` is
    the condition of a partial index, `key` the column with the id of the task.
    """

    name: str
    prefix: tuple[str, ...]
    order: tuple[str, ...]
    ascending: bool = False  # as the order is written in the index
    only: str = LIVE
    table: str = "tasks"
    key: str = "id"

    @property
    def ranged(self) -> tuple[str, ...]:
        """The column of whose values one range can have several."""
        return self.order[:1] if self.table != "task_search" else ("document",)

    @property
    def refuses_null(self) -> bool:
        return self.only.endswith(f"{self.prefix[0]} IS NOT NULL") if self.prefix else False


OF_TASKS = (
    Index("tasks_live_created", (), CREATED),
    Index("tasks_live_status_created", ("status", "priority_rank"), CREATED),
    Index("tasks_live_status_created", ("status",), PRIORITY),
    Index("tasks_live_status_due", ("status", "priority_rank"), DUE, ascending=True),
    Index("tasks_live_status_updated", ("status", "priority_rank"), UPDATED),
    Index("tasks_live_status_position", ("status", "priority_rank"), POSITION, ascending=True),
    Index("tasks_live_list_created", ("list_id", "status", "priority_rank"), CREATED),
    Index("tasks_live_list_created", ("list_id", "status"), PRIORITY),
    Index("tasks_live_list_due", ("list_id", "status"), DUE, ascending=True),
    Index("tasks_live_list_updated", ("list_id", "status"), UPDATED),
    Index("tasks_live_list_position", ("list_id", "status"), POSITION, ascending=True),
    Index("tasks_live_parent_created", ("parent_id",), CREATED),
    Index("tasks_live_children", ("parent_id",), POSITION, ascending=True, only=f"{LIVE} AND parent_id IS NOT NULL"),
    Index("tasks_live_blocked_created", ("blocked",), CREATED),
    Index("tasks_live_completed", (), COMPLETED, only=f"{LIVE} AND completed_at IS NOT NULL"),
    Index(
        "tasks_live_external_key", ("external_source", "external_key"), (), only=f"{LIVE} AND external_key IS NOT NULL"
    ),
    Index("tasks_trash", (), DELETED, only=TRASH),
)
OF_LABELS = Index("task_label_created", ("label_id",), CREATED, only="", table="task_label", key="task_id")
OF_WORDS = Index("task_search_document", (), (), only="", table="task_search", key="task_id")
