"""What is always answered from an index, whatever the size: CONTRACT section 7.

`manage.py query_plans` reads the plan of each.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from tasks.finding.indexes import OF_LABELS, OF_TASKS, OF_WORDS, SORTS

# By filter: the column by which an index serves it
COLUMNS = {
    "status": "status",
    "list": "list_id",
    "label": "label_id",
    "label_all": "label_id",
    "priority_min": "priority_rank",
    "parent": "parent_id",
    "due_before": "due_key",
    "due_after": "due_key",
    "overdue": "due_key",
    "blocked": "blocked",
    "completed_after": "completed_at",
    "created_after": "created_at",
    "created_before": "created_at",
    "updated_after": "updated_at",
    "external_source": "external_source",
    "external_key": "external_key",
    "deleted": "deleted_at",
    "q": "document",
}
ANY_SORT = [sort for sort in SORTS if sort not in ("-completed", "-deleted", "relevance")]


def indexes_of_filter(name: str) -> list[str]:
    """The names of those that serve a filter."""
    column = COLUMNS[name]
    found = (index.name for index in (*OF_TASKS, OF_LABELS, OF_WORDS) if column in (*index.prefix, *index.ranged))
    return list(dict.fromkeys(found))


def indexes_of_sort(name: str) -> list[str]:
    found = (index.name for index in (*OF_TASKS, OF_LABELS) if index.order == SORTS[name].columns)
    return list(dict.fromkeys(found))


def queries(example: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Every combination, with values of an owner: `list`, `parent`, two `labels`, a `word`, a `rare_word`, and the
    instants `past` and `future`.
    """
    past, future = example["past"], example["future"]
    filters: dict[str, list[Any]] = {
        "status": ["todo", ["todo", "in_progress"]],
        "list": [example["list"], "none"],
        "label": [example["labels"][:1], example["labels"]],
        "label_all": [example["labels"][:1]],
        "priority_min": ["none", "high"],
        "parent": [example["parent"], "none"],
        "due_before": [past[:10], future],
        "due_after": [past, future[:10]],
        "overdue": ["true"],
        "blocked": ["true", "false"],
        "completed_after": [past],
        "created_after": [past],
        "created_before": [past],
        "updated_after": [past],
        "deleted": ["true"],
        "q": [example["word"], example["rare_word"]],
    }
    yield {}
    yield {"external_source": "none", "external_key": "none"}
    yield from ({name: value} for name, values in filters.items() for value in values)
    yield from ({"sort": sort} for sort in ANY_SORT)
    several = [{name: value} for name in ("status", "list", "priority_min") for value in filters[name]]
    several += [{"list": place, "status": status} for place in filters["list"] for status in filters["status"]]
    yield from ({**one, "sort": sort} for one in several for sort in ANY_SORT)
    yield from several[-4:]
    yield {"status": "done", "sort": "-completed"}
    for other in ("list", "status", "label"):
        yield {"q": example["rare_word"], other: filters[other][0]}
        yield {"q": example["word"], other: filters[other][0]}
    yield {"q": example["rare_word"], "sort": "relevance"}
