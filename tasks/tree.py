"""Which task is under which: up to four levels, without cycles."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from rest_framework.exceptions import ErrorDetail, ValidationError

from taskhub.api.problems import InputError, Problem

DEEPEST = 4  # levels
# One lock for all that depends on how the tasks of an owner hang together: parents, dependencies and places.
# Taken before any row is locked, so that nobody waits for it while holding what its holder needs
LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('tree of ' || %s, 0))"
LINKED = """
    WITH RECURSIVE up AS (
        SELECT id, parent_id FROM tasks WHERE owner_id = %(owner)s AND id = ANY(%(ids)s) AND deleted_at IS NULL
        UNION SELECT tasks.id, tasks.parent_id FROM tasks JOIN up ON tasks.id = up.parent_id
        WHERE tasks.owner_id = %(owner)s AND deleted_at IS NULL
    ), down AS (
        SELECT * FROM up WHERE id = ANY(%(ids)s)
        UNION SELECT tasks.id, tasks.parent_id FROM tasks JOIN down ON tasks.parent_id = down.id
        WHERE tasks.owner_id = %(owner)s AND deleted_at IS NULL
    ) SELECT * FROM up UNION SELECT * FROM down"""


class Cycle(Problem):
    """`path` leads from a task to itself."""

    status_code = 409
    default_code = "cycle"
    default_detail = "That would lead from a task back to itself; `path` shows how."

    def __init__(self, pointer: str, path: Sequence[Any]) -> None:
        super().__init__()
        self.members = {"path": [str(pk) for pk in path]}
        self.errors = (InputError(pointer=pointer, code="cycle", detail=self.default_detail),)


class TooDeep(Problem):
    status_code = 409
    default_code = "too_deep"
    default_detail = f"Tasks may be under each other in {DEEPEST} levels."
    errors = (InputError(pointer="/parent", code="too_deep", detail=default_detail),)


def lock(owner_id: Any) -> None:
    """Until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [str(owner_id)])


class Tree:
    """The parents of some tasks, of all above them, and of all below."""

    def __init__(self, owner_id: Any, ids: Iterable[UUID]) -> None:
        """The caller has the lock."""
        with connection.cursor() as cursor:
            cursor.execute(LINKED, {"owner": str(owner_id), "ids": list(ids)})
            self.parents: dict[UUID, UUID | None] = dict(cursor.fetchall())

    def put(self, pk: UUID, parent: UUID | None) -> None:
        """Raises ValidationError for a parent that is not there, Cycle and TooDeep."""
        if parent is not None and parent != pk and parent not in self.parents:
            raise ValidationError({"parent": ErrorDetail("You have no such task.", code="does_not_exist")})
        above = [pk]
        while parent is not None:
            if parent == pk:
                raise Cycle("/parent", [*above, pk])
            above.append(parent)
            parent = self.parents[parent]
        if len(above) - 1 + self.height(pk) > DEEPEST:
            raise TooDeep
        self.parents[pk] = above[1] if len(above) > 1 else None

    def height(self, pk: UUID) -> int:
        """Levels from this task down, itself included."""
        children = self.children()
        level, height = [pk], 0
        while level:
            level, height = [child for one in level for child in children[one]], height + 1
        return height

    def children(self) -> dict[UUID, list[UUID]]:
        found = defaultdict(list)
        for child, parent in self.parents.items():
            if parent is not None:
                found[parent].append(child)
        return found
