"""The users' to-dos."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q, Value
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from rest_framework.exceptions import NotFound
from uuid_utils.compat import uuid7

from accounts.models.user import validate_time_zone
from events.models import Actor, Event, Kind, Versioned
from taskhub.api.problems import InputError, Problem
from taskhub.owned import owned
from taskhub.postgresql.caller import USER_VERSION, USERNAME, Caller
from taskhub.postgresql.statements import rows_in_order
from tasks.models.label import Label, fingerprint, ordered
from tasks.models.task_list import TaskList
from tasks.positions import LONGEST, key_of

LONGEST_DESCRIPTION = 10_000  # characters
LONGEST_SOURCE, LONGEST_KEY = 100, 200
NO_LABELS = Value([], output_field=ArrayField(models.UUIDField()))
NEVER = datetime.max.replace(tzinfo=UTC)  # when a task without due is due: after all others


def no_labels() -> list[UUID]:
    return []


class Status(models.TextChoices):
    """Any status may follow any other."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


OPEN = (Status.TODO, Status.IN_PROGRESS)


class Priority(models.TextChoices):
    """In ascending order: `priority_rank` is the place."""

    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


def more_of_etag(task: Mapping[str, Any]) -> list[str]:
    """What a task shows of other tasks: nothing in most cases."""
    progress = [f"{task['subtasks_done']}-{task['subtasks_total']}"] if task["subtasks_total"] else []
    return [*(["b"] if task["blocked"] else []), *progress]


class ExternalKeyTaken(Problem):
    status_code = 409
    default_code = "external_key_taken"
    default_detail = "Another task of yours has this external_source and external_key."
    errors = (InputError(pointer="/external_key", code="external_key_taken", detail=default_detail),)


# What clients see; the owner by name
COLUMNS = (
    "id",
    "title",
    "description",
    f"{USERNAME} AS owner",
    "status",
    "completed_at",
    "created_at",
    "updated_at",
    "version",
    "priority",
    "start_date",
    "due_date",
    "due_at",
    "due_timezone",
    "external_source",
    "external_key",
    "list_id AS list",
    "parent_id AS parent",
    "NULLIF(label_ids, '{}') AS label_ids",
    "position",
    "blocked",
    "deleted_at",
    "subtasks_total",
    "subtasks_done",
)
EXPORTED = (
    *("id", "title", "description", "status", "completed_at", "created_at", "updated_at", "version", "priority"),
    *("start_date", "due_date", "due_at", "due_timezone", "external_source", "external_key", "list_id", "parent_id"),
    *("label_ids", "position", "deleted_at"),
)
LEFT = ("blocked", "priority_rank", "due_key", "subtasks_total", "subtasks_done", "deleted_at")
OPTIONAL = (
    *("completed_at", "start_date", "due_date", "due_at", "due_timezone", "external_source", "external_key"),
    *("list_id", "parent_id"),
)
NAMES = [column.rpartition(" ")[2] for column in COLUMNS]
FIELDS = {"list": "list_id", "parent": "parent_id"}  # that have another name in the model


class TaskQuerySet(models.QuerySet["Task"]):
    def owned_by(self, user: models.Model) -> "TaskQuerySet":
        """Without those in the trash."""
        return self.filter(owner=user.pk, deleted_at=None)

    def one(self, caller: Caller, pk: str) -> tuple[dict[str, Any], list[Any]] | None:
        """The task as clients see it, and what its ETag depends on beside its version; None when the caller has no such
        task.
        """
        columns = (*COLUMNS, f"{USER_VERSION} AS owner_version")
        for task in rows_in_order(caller, "tasks", columns, {"id": pk}, ("id",), only="deleted_at IS NULL"):
            others = [task.pop("owner_version"), *more_of_etag(task)]
            return task, [*others, *fingerprint(self.finished(caller.pk, [task]))]
        return None

    def finished(self, owner_id: Any, tasks: Sequence[dict[str, Any]]) -> Mapping[UUID, Label]:
        """Makes rows of COLUMNS what clients see. Returns the labels that they have."""
        labels = Label.objects.shown(owner_id, tasks)
        for task in tasks:
            task["subtasks"] = {"total": task.pop("subtasks_total"), "done": task.pop("subtasks_done")}
        return labels

    def require(self, caller: Caller, pk: str) -> None:
        """Raises NotFound, and what the caller's check raises, unless the caller has such a task."""
        if not self.filter(owner=UUID(caller.pk), pk=pk, deleted_at=None).exists():
            caller.check()
            raise NotFound


def live(name: str, *fields: str, only: Q | None = None) -> models.Index:
    """An index of an owner's tasks that are not in the trash."""
    condition = Q(deleted_at__isnull=True) & (only or Q())
    return models.Index(fields=["owner", *fields], name=f"tasks_live_{name}", condition=condition)


@owned("tasks", *EXPORTED)
class Task(Versioned):
    resource = "task"
    recorded = (
        "title",
        "description",
        "status",
        "priority",
        "start_date",
        "due_date",
        "due_at",
        "due_timezone",
        "external_source",
        "external_key",
        "list_id",
        "parent_id",
        "label_ids",
        "position",
    )
    derived = ("completed_at", "updated_at")
    sized = ("title", "description")
    counted = True
    refusals = {"tasks_live_external_key": ExternalKeyTaken}

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: tasks_owner_created_at_id_idx begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="tasks", db_index=False)
    title = models.CharField(max_length=200)
    description = models.TextField(max_length=LONGEST_DESCRIPTION, blank=True, default="")
    status = models.CharField(max_length=20, choices=Status, default=Status.TODO)
    completed_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(default=timezone.now, editable=False)
    updated_at = models.DateTimeField(default=timezone.now, editable=False)
    priority = models.CharField(max_length=10, choices=Priority, default=Priority.NONE, db_default=Priority.NONE)
    start_date = models.DateField(null=True, blank=True)
    due_date = models.DateField(null=True, blank=True)  # a day, whatever the time zone
    due_at = models.DateTimeField(null=True, blank=True)
    # By whose clock due_at was meant
    due_timezone = models.CharField(max_length=64, null=True, blank=True, validators=[validate_time_zone])  # noqa: DJ001
    external_source = models.CharField(max_length=LONGEST_SOURCE, null=True, blank=True)  # noqa: DJ001 - NULL: none
    external_key = models.CharField(max_length=LONGEST_KEY, null=True, blank=True)  # noqa: DJ001
    # The foreign keys of these two are made by hand, as Django has no such: tasks/migrations/0008_lists_and_trash.py
    list = models.ForeignKey(
        TaskList, on_delete=models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
    )
    parent = models.ForeignKey(
        "self", on_delete=models.DO_NOTHING, null=True, blank=True, db_constraint=False, db_index=False
    )
    label_ids = ArrayField(models.UUIDField(), default=no_labels, db_default=NO_LABELS, blank=True, editable=False)
    position = models.CharField(max_length=LONGEST, db_collation="C", default="", db_default="", editable=False)
    deleted_at = models.DateTimeField(null=True, blank=True, editable=False)
    # Of its direct children that are neither deleted nor cancelled
    subtasks_total = models.IntegerField(default=0, db_default=0, editable=False)
    subtasks_done = models.IntegerField(default=0, db_default=0, editable=False)
    # Triggers keep those two and these three, and fill in `position`: tasks/migrations/0009_triggers_of_tasks.py
    blocked = models.BooleanField(default=False, db_default=False, editable=False)
    priority_rank = models.SmallIntegerField(default=0, db_default=0, editable=False)
    due_key = models.DateTimeField(default=NEVER, db_default=NEVER, editable=False)

    objects = TaskQuerySet.as_manager()

    class Meta:
        db_table = "tasks"
        constraints = [
            models.CheckConstraint(name="tasks_status_known", condition=Q(status__in=Status.values)),
            models.CheckConstraint(name="tasks_title_not_blank", condition=~Q(title="")),
            models.CheckConstraint(
                name="tasks_completed_at_iff_done",
                condition=Q(status=Status.DONE, completed_at__isnull=False)
                | (~Q(status=Status.DONE) & Q(completed_at__isnull=True)),
            ),
            models.CheckConstraint(name="tasks_priority_known", condition=Q(priority__in=Priority.values)),
            models.CheckConstraint(name="tasks_due_once", condition=Q(due_date__isnull=True) | Q(due_at__isnull=True)),
            models.CheckConstraint(
                name="tasks_due_timezone_of_instant",
                condition=Q(due_timezone__isnull=True) | Q(due_at__isnull=False),
            ),
            models.CheckConstraint(
                name="tasks_external_both_or_neither",
                condition=Q(external_source__isnull=True, external_key__isnull=True)
                | Q(external_source__isnull=False, external_key__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["owner", "external_source", "external_key"],
                name="tasks_live_external_key",
                condition=Q(external_key__isnull=False, deleted_at__isnull=True),
            ),
            models.CheckConstraint(
                name="tasks_description_length",
                condition=LessThanOrEqual(Length("description"), LONGEST_DESCRIPTION),
            ),
        ]
        # What each of them serves is told in tasks/finding/indexes.py
        indexes = [
            # All tasks of an owner; what a foreign key looks for
            models.Index(fields=["owner", "-created_at", "-id"], name="tasks_owner_created_at_id_idx"),
            live("created", "-created_at", "-id"),
            live("status_created", "status", "-priority_rank", "-created_at", "-id"),
            live("status_due", "status", "priority_rank", "due_key", "id"),
            live("status_updated", "status", "priority_rank", "-updated_at", "-id"),
            live("status_position", "status", "priority_rank", "position", "id"),
            live("list_created", "list", "status", "-priority_rank", "-created_at", "-id"),
            live("list_due", "list", "status", "due_key", "id"),
            live("list_updated", "list", "status", "-updated_at", "-id"),
            live("list_position", "list", "status", "position", "id"),
            live("parent_created", "parent", "-created_at", "-id"),
            live("completed", "-completed_at", "-id", only=Q(completed_at__isnull=False)),
            live("blocked_created", "blocked", "-created_at", "-id"),
            live("children", "parent", "position", "id", only=Q(parent__isnull=False)),
            # What the foreign key looks for
            models.Index(fields=["parent"], name="tasks_parent", condition=Q(parent__isnull=False)),
            models.Index(
                fields=["owner", "-deleted_at", "-id"], name="tasks_trash", condition=Q(deleted_at__isnull=False)
            ),
            models.Index(fields=["deleted_at"], name="tasks_deleted", condition=Q(deleted_at__isnull=False)),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def left_to_database(self) -> tuple[str, ...]:
        """Fields that a new row need not be given: each costs time, and most are empty."""
        empty = tuple(name for name in OPTIONAL if self.__dict__[name] is None)
        return (*LEFT, *empty) if self.label_ids else (*LEFT, *empty, "label_ids")

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.follow()
        super().save(*args, **kwargs)

    @classmethod
    def new(cls, **fields: Any) -> "Task":
        """Not written yet, but as it will be."""
        task = cls(**fields)
        task.follow()
        task.position = key_of(task.created_at, task.pk)
        return task

    def note(self, actor: Actor, changes: Mapping[str, Any]) -> None:
        """A version for a change of something that belongs to the task. The caller holds the row."""
        self.version, self.updated_at = self.version + 1, timezone.now()
        Task.objects.filter(pk=self.pk).update(version=self.version, updated_at=self.updated_at)
        Event.objects.record([self.event(Kind.UPDATED, changes)], actor)

    def shown(self, username: str) -> dict[str, Any]:
        """As clients see it."""
        row = {name: getattr(self, FIELDS.get(name, name), None) for name in NAMES}
        del row["subtasks_total"], row["subtasks_done"]
        row |= {"owner": username, "label_ids": self.present_label_ids}
        return {**row, "labels": self.labels, "subtasks": self.subtasks}

    def as_owner_sees(self) -> dict[str, Any]:
        return self.shown(self.owner.username)

    @cached_property
    def present_labels(self) -> Sequence[Label]:
        """Those of its labels that are there."""
        return ordered(Label.objects.filter(owner=self.owner_id, pk__in=self.label_ids)) if self.label_ids else []

    @property
    def labels(self) -> Sequence[str]:
        return [label.name for label in self.present_labels]

    @property
    def present_label_ids(self) -> Sequence[UUID]:
        return [label.pk for label in self.present_labels]

    @property
    def subtasks(self) -> Mapping[str, int]:
        return {"total": self.subtasks_total, "done": self.subtasks_done}

    @property
    def more_of_etag(self) -> Sequence[str]:
        """Beside its version, and that of its owner."""
        return [*more_of_etag(vars(self)), *fingerprint({label.pk: label for label in self.present_labels})]

    def follow(self) -> None:
        """Sets completed_at and updated_at to match, before the task is written."""
        now = self.created_at if self._state.adding else timezone.now()
        self.updated_at = now
        self.__dict__.pop("present_labels", None)
        if self.status != Status.DONE:
            self.completed_at = None
        elif self.completed_at is None:
            self.completed_at = now
