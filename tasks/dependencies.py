"""Which task needs which: no cycles."""

from typing import Any
from uuid import UUID

from django.db import connection

from events.models import Actor
from taskhub.api.problems import InputError, Problem
from tasks.models import Dependency, Task
from tasks.models.dependency import MOST_NEEDS
from tasks.tree import Cycle

# All that a task needs, directly or not, with what needs it: so that the way can be told
NEEDED = """
    WITH RECURSIVE needed AS (
        SELECT needs_id AS id, task_id AS via FROM task_dependency WHERE owner_id = %(owner)s AND task_id = %(task)s
        UNION SELECT needs_id, task_id FROM task_dependency JOIN needed ON task_id = needed.id
        WHERE owner_id = %(owner)s
    ) SELECT id, via FROM needed"""


class TooManyDependencies(Problem):
    status_code = 409
    default_code = "too_many_dependencies"
    default_detail = f"A task may need up to {MOST_NEEDS} others."
    errors = (InputError(pointer="/needs", code="too_many_dependencies", detail=default_detail),)


def add(task: Task, needs: Task, actor: Actor) -> bool:
    """Whether it is new. The caller has the lock of the owner's tree, and of both tasks, so that the other one is not
    completed meanwhile. Raises Cycle, TooManyDependencies.
    """
    known = Dependency.objects.filter(owner=task.owner_id, task=task.pk)
    if known.filter(needs=needs.pk).exists():
        return False
    if path := way(task.owner_id, needs.pk, task.pk):
        raise Cycle("/needs", [task.pk, *path])
    if known.count() >= MOST_NEEDS:
        raise TooManyDependencies
    Dependency.objects.create(owner_id=task.owner_id, task=task, needs=needs)
    task.note(actor, {"dependencies": {"old": None, "new": needs.pk}})
    return True


def remove(task: Task, needs: Any, actor: Actor) -> bool:
    """Whether it was there."""
    found = Dependency.objects.filter(owner=task.owner_id, task=task.pk, needs=needs)
    if not found.delete()[0]:
        return False
    task.note(actor, {"dependencies": {"old": needs, "new": None}})
    return True


def way(owner_id: Any, start: UUID, end: UUID, needed: str = NEEDED) -> list[UUID]:
    """From one task to another that it needs, directly or not, both included. Empty if it does not need it.

    `needed` is a statement like NEEDED, of another table.
    """
    if start == end:
        return [start]
    with connection.cursor() as cursor:
        cursor.execute(needed, {"owner": owner_id, "task": start})
        via = dict(cursor.fetchall())
    path = [end]
    while path[-1] != start:
        if path[-1] not in via:
            return []
        path.append(via[path[-1]])
    return path[::-1]
