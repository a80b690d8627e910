"""What the OpenAPI document says about tasks, and what belongs to them."""

from tasks.openapi.resources import (
    describe_comments,
    describe_dependencies,
    describe_filters,
    describe_labels,
    describe_lists,
)
from tasks.openapi.tasks import describe_tasks

__all__ = [
    "describe_comments",
    "describe_dependencies",
    "describe_filters",
    "describe_labels",
    "describe_lists",
    "describe_tasks",
]
