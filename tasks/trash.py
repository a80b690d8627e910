"""The trash: deleted tasks can be had back for 30 days. What is under a task goes and comes back with it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection
from django.db.models import F, QuerySet
from django.utils import timezone

from events.models import Actor, Event, Kind
from jobs.services import enqueue
from tasks import tree
from tasks.models import Task, TaskList

KEPT = timedelta(days=30)
MOST_AT_ONCE = 1000  # tasks in one transaction; a job does the rest
# Of some tasks and all under them that are there, or were deleted at that time: those that are in the trash, or not
BELOW = """
    WITH RECURSIVE below AS (
        SELECT id, deleted_at, 0 AS level FROM tasks WHERE owner_id = %(owner)s AND id = ANY(%(ids)s)
        UNION ALL SELECT tasks.id, tasks.deleted_at, level + 1 FROM tasks JOIN below ON tasks.parent_id = below.id
        WHERE tasks.owner_id = %(owner)s AND (tasks.deleted_at IS NULL OR tasks.deleted_at = %(at)s)
    ) SELECT id FROM below WHERE (deleted_at IS NOT NULL) = %(deleted)s ORDER BY level, id LIMIT %(most)s"""


def remove(owner_id: Any, ids: Sequence[UUID], actor: Actor) -> None:
    """Puts tasks into the trash, and what is under them: at most MOST_AT_ONCE now, the others by a job. The caller has
    the lock of the owner's tree.
    """
    at = timezone.now()
    found = below(owner_id, ids, at, False, MOST_AT_ONCE + 1)
    put_away(owner_id, found[:MOST_AT_ONCE], at, actor)
    if len(found) > MOST_AT_ONCE:
        enqueue("delete_subtasks", f"{ids[0]}:{at.timestamp()}", payload(owner_id, ids, at, actor))


def remove_all(tasks: QuerySet[Task], actor: Actor) -> None:
    """As remove(), of any owners; takes the locks itself."""
    by_owner = defaultdict(list)
    for pk, owner_id in tasks.filter(deleted_at=None).order_by("owner_id").values_list("pk", "owner_id"):
        by_owner[owner_id].append(pk)
    for owner_id, ids in by_owner.items():
        tree.lock(owner_id)
        remove(owner_id, ids, actor)


def payload(owner_id: Any, ids: Sequence[UUID], at: datetime, actor: Actor) -> dict[str, Any]:
    return {
        "owner_id": str(owner_id),
        "ids": [str(pk) for pk in ids],
        "at": at.isoformat(),
        "actor": actor.name,
    }


def below(owner_id: Any, ids: Sequence[Any], at: datetime, deleted: bool, most: int) -> list[UUID]:
    """The nearest first."""
    with connection.cursor() as cursor:
        cursor.execute(BELOW, {"owner": str(owner_id), "ids": list(ids), "at": at, "deleted": deleted, "most": most})
        return [pk for (pk,) in cursor.fetchall()]


def locked(owner_id: Any, ids: Sequence[UUID]) -> list[Task]:
    return list(Task.objects.filter(owner=owner_id, pk__in=ids).order_by("pk").select_for_update(no_key=True))


def put_away(owner_id: Any, ids: Sequence[UUID], at: datetime, actor: Actor) -> None:
    rows = [task for task in locked(owner_id, ids) if task.deleted_at is None]
    there = Task.objects.filter(owner=owner_id, pk__in=[task.pk for task in rows])
    there.update(deleted_at=at, version=F("version") + 1)
    Event.objects.record([task.removal() for task in rows], actor)


def restore(task: Task, actor: Actor) -> None:
    """With what was deleted together with it. The caller has the lock of the owner's tree. Raises ExternalKeyTaken."""
    at = task.deleted_at
    if at is None:
        return
    found = below(task.owner_id, [task.pk], at, True, MOST_AT_ONCE + 1)
    bring_back(task.owner_id, found[:MOST_AT_ONCE], at, actor)
    if len(found) > MOST_AT_ONCE:
        key = f"{task.pk}:{task.version}"
        enqueue("restore_subtasks", key, payload(task.owner_id, [task.pk], at, actor))


def bring_back(owner_id: Any, ids: Sequence[UUID], at: datetime, actor: Actor) -> None:
    rows = [task for task in locked(owner_id, ids) if task.deleted_at == at]
    parents = [task.parent_id for task in rows if task.parent_id]
    known = Task.objects.filter(owner=owner_id, pk__in=parents, deleted_at=None).values_list("pk", flat=True)
    there = {*ids, *known}
    lists = TaskList.objects.filter(owner=owner_id, pk__in=[task.list_id for task in rows if task.list_id])
    gone = set(lists.filter(deleted_at__isnull=False).values_list("pk", flat=True))
    for task in rows:
        task.deleted_at, task.version = None, task.version + 1
        if task.parent_id not in there:
            task.parent_id = None
        if task.list_id in gone:
            task.list_id = None
    try:
        Task.objects.filter(owner=owner_id).bulk_update(rows, ["deleted_at", "version", "parent_id", "list_id"])
        Event.objects.record([task.event(Kind.RESTORED) for task in rows], actor)
    except IntegrityError as error:
        if refused := Task.refusal(error):
            raise refused from error
        raise


def old(now: datetime) -> QuerySet[Any]:
    return Task.objects.filter(deleted_at__lt=now - KEPT).order_by("deleted_at")
