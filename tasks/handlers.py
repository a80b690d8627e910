"""Background work on tasks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from events.models import Actor, Event, Via
from jobs.registry import external_handler, handler, recurring
from jobs.running import check_cancelled, heartbeat, prune
from tasks import moving, trash, tree
from tasks.models import Task, TaskList

BATCH = 500  # tasks in one transaction, so that no lock is held for long
FORGET = """
    UPDATE tasks SET label_ids = array_remove(label_ids, %(label)s) WHERE owner_id = %(owner)s AND id = ANY(ARRAY(
        SELECT id FROM tasks WHERE owner_id = %(owner)s AND id IN (
            SELECT task_id FROM task_label WHERE owner_id = %(owner)s AND label_id = %(label)s LIMIT %(most)s
        ) ORDER BY id FOR NO KEY UPDATE))"""


@external_handler("empty_list", queue="bulk", time_limit=3600, lease=60)
def empty_list(job: Any) -> dict[str, int]:
    """Takes the tasks out of a list that was deleted, or puts them into the trash."""
    done, actor = 0, Actor(job.payload["actor"], Via.JOB)
    of = TaskList.objects.filter(pk=job.payload["list_id"], deleted_at__isnull=False).first()
    while of and (number := empty(of, job.payload["tasks"], actor)):
        done += number
        heartbeat(job, {"tasks": done})
    return {"tasks": done}


def empty(of: TaskList, what: str, actor: Actor) -> int:
    """A batch of a list's tasks, `move`d out of it or, with all that is under them, `delete`d. How many there were."""
    with transaction.atomic():
        tree.lock(of.owner_id)
        rows = Task.objects.filter(owner=of.owner_id, list=of.pk, deleted_at=None).order_by()
        ids = list(rows.values_list("pk", flat=True)[:BATCH])
        if what == "delete":
            trash.remove(of.owner_id, ids, actor)
            return len(ids)
        events = [event for task in trash.locked(of.owner_id, ids) if (event := task.apply(list_id=None))]
        rows.filter(pk__in=ids).update(list=None, version=F("version") + 1)
        Event.objects.record(events, actor)
    return len(ids)


@external_handler("delete_subtasks", queue="bulk", time_limit=3600, lease=60)
def delete_subtasks(job: Any) -> dict[str, int]:
    return the_rest(job, trash.put_away, deleted=False)


@external_handler("restore_subtasks", queue="bulk", time_limit=3600, lease=60)
def restore_subtasks(job: Any) -> dict[str, int]:
    return the_rest(job, trash.bring_back, deleted=True)


def the_rest(job: Any, step: Callable[..., None], deleted: bool) -> dict[str, int]:
    """Of what was too much for a request: batch by batch, the nearest first."""
    owner_id, actor = job.payload["owner_id"], Actor(job.payload["actor"], Via.JOB)
    at, done = datetime.fromisoformat(job.payload["at"]), 0
    while ids := trash.below(owner_id, job.payload["ids"], at, deleted, BATCH):
        with transaction.atomic():
            tree.lock(owner_id)
            step(owner_id, ids, at, actor)
        done += len(ids)
        heartbeat(job, {"tasks": done})
    return {"tasks": done}


@external_handler("forget_label", queue="bulk", time_limit=3600, lease=60)
def forget_label(job: Any) -> dict[str, int]:
    """Of the tasks that had it. They have no new version: they do not show a label that is not there."""
    done = 0
    while number := forget(job.payload["owner_id"], job.payload["label_id"]):
        done += number
        heartbeat(job, {"tasks": done})
        check_cancelled(job)
    return {"tasks": done}


def forget(owner_id: Any, label_id: Any) -> int:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(FORGET, {"owner": owner_id, "label": label_id, "most": BATCH})
        return int(cursor.rowcount)


@handler("even_out_positions", queue="bulk")
def even_out_positions(job: Any) -> dict[str, int]:
    model: Any = {"task": Task, "list": TaskList}[job.payload["resource"]]
    row = model.objects.filter(pk=job.payload["id"], deleted_at=None).first()
    if row is None:
        return {"changed": 0}
    tree.lock(row.owner_id)
    row.refresh_from_db(fields=["position"])
    return {"changed": moving.even_out(row, Actor("", Via.JOB))}


@recurring("purge_trash", every=timedelta(minutes=15), offset=timedelta(minutes=6))
def purge_trash(job: Any) -> dict[str, int]:
    """Deletes for good what has been in the trash for 30 days."""
    return {"purged": prune(job, trash.old(timezone.now()))}
