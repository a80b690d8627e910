"""The parameters of `GET /tasks/`."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter

from tasks.finding import admitted
from tasks.finding.indexes import SORTS
from tasks.models import Priority, Status

DAY_OR_INSTANT = "A day (`2026-12-01`) or an instant; a day of yours, if it is compared with an instant."
COUNT = OpenApiParameter("count", bool, description="Adds `count` to `meta`, up to 10,000, and `count_capped`.")


def by_index(name: str, kind: Any = str, **options: Any) -> OpenApiParameter:
    """A filter that names the indexes which serve it."""
    return OpenApiParameter(name, kind, extensions={"x-index": admitted.indexes_of_filter(name)}, **options)


FILTER_PARAMETERS = (
    by_index("status", many=True, enum=Status.values, description="Any of these."),
    by_index("list", description="The id of a list, or `none`."),
    by_index("label", many=True, description="The name of a label. Any of these."),
    by_index("label_all", many=True, description="The name of a label. All of these."),
    by_index("priority_min", enum=Priority.values, description="At least this."),
    by_index("parent", description="The id of a task, or `none`."),
    by_index("due_before", description=f"Exclusive. {DAY_OR_INSTANT}"),
    by_index("due_after", description=f"Exclusive. {DAY_OR_INSTANT}"),
    by_index("overdue", enum=["true"], description="Those that are not finished, and due before now."),
    by_index("blocked", bool, description="Those that need a task which is not finished, or those that do not."),
    by_index("completed_after", OpenApiTypes.DATETIME, description="Exclusive."),
    by_index("created_after", OpenApiTypes.DATETIME, description="Exclusive."),
    by_index("created_before", OpenApiTypes.DATETIME, description="Exclusive."),
    by_index("updated_after", OpenApiTypes.DATETIME, description="Exclusive."),
    by_index("external_source", description="With `external_key`."),
    by_index("external_key", description="With `external_source`."),
    by_index("deleted", bool, description="`true`: what is in the trash, and nothing else."),
    by_index(
        "q",
        description="Words of the title, the description or the comments, in any order, without regard to case and "
        "accents. One of three letters or more may be the beginning of a word.",
    ),
    OpenApiParameter("filter", OpenApiTypes.UUID, description="A filter that you have kept; the others go before it."),
    OpenApiParameter(
        "sort",
        enum=list(SORTS),
        description="`-` is descending. `-created`, or the order that comes with a filter: `due` with those on due, "
        "`-completed`, `-updated` and `-deleted` with theirs. `relevance` goes with `q`.",
        extensions={"x-index": {name: admitted.indexes_of_sort(name) for name in SORTS if name != "relevance"}},
    ),
    COUNT,
)
