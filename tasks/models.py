"""The users' to-dos."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.conf import settings
from django.db import IntegrityError, models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models.user import validate_time_zone
from events.models import QUOTAS, RECORD_CREATED, Actor, Event, Versioned, created
from taskhub.api.problems import IdConflict, InputError, Problem
from taskhub.owned import owned
from taskhub.postgresql.caller import USER_VERSION, USERNAME, Caller
from taskhub.postgresql.errors import violated_constraint
from taskhub.postgresql.statements import insert, newest_first

LONGEST_DESCRIPTION = 10_000  # characters
LONGEST_SOURCE, LONGEST_KEY = 100, 200


class Status(models.TextChoices):
    """Any status may follow any other."""

    TODO = "todo"
    IN_PROGRESS = "in_progress"
    DONE = "done"
    CANCELLED = "cancelled"


class Priority(models.TextChoices):
    NONE = "none"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    URGENT = "urgent"


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
)
NAMES = [column.rpartition(" ")[2] for column in COLUMNS]
ORDER = ("created_at", "id")
ID_CONSTRAINTS = {"tasks_pkey", "event_resource_version_key"}  # that refuse an id which is, or was, in use
EXTERNAL = "tasks_external_key"
KNOWN_CONSTRAINTS = {*ID_CONSTRAINTS, *QUOTAS, EXTERNAL}


def refusal(error: IntegrityError) -> Problem | None:
    """What a constraint of tasks means to the client; None for others."""
    name = violated_constraint(error)
    if name in ID_CONSTRAINTS:
        return IdConflict()
    return ExternalKeyTaken() if name == EXTERNAL else None


class TaskQuerySet(models.QuerySet["Task"]):
    def owned_by(self, user: models.Model) -> "TaskQuerySet":
        return self.filter(owner=user.pk)

    def rows(
        self,
        caller: Caller,
        where: Mapping[str, Any],
        position: Sequence[str] = (),
        skip: int = 0,
        count: int = 1,
        each_of: tuple[str, Sequence[str]] | None = None,
        ascending: bool = False,
    ) -> list[dict[str, Any]]:
        """Up to `count` tasks of the caller as clients see them, newest first, after `position` (created_at, id).

        `where` and `each_of` are those of newest_first().
        """
        return newest_first(caller, "tasks", COLUMNS, where, ORDER, position, skip, count, each_of, ascending)

    def one(self, caller: Caller, pk: str) -> tuple[dict[str, Any], int] | None:
        """The task as clients see it, and the version of its owner; None when the caller has no such task."""
        for task in newest_first(caller, "tasks", (*COLUMNS, f"{USER_VERSION} AS owner_version"), {"id": pk}, ORDER):
            return task, task.pop("owner_version")
        return None

    def add(self, caller: Caller, task: "Task", chosen: bool) -> tuple[str, int]:
        """Inserts a task of the caller. Returns the caller's username and version.

        Raises IdConflict for an id that is or was in use, if the client has `chosen` it, and what insert() raises.
        """
        if chosen and Event.objects.filter(resource_id=task.pk).exists():
            raise IdConflict
        try:
            return insert(caller, task, RECORD_CREATED, created(task))
        except IntegrityError as error:
            caller.checked = violated_constraint(error) in KNOWN_CONSTRAINTS  # there was a row to refuse
            if known := refusal(error):
                raise known from error
            raise

    def remove(self, actor: Actor) -> int:
        """Deletes these tasks, each with its event. Returns how many."""
        tasks = list(self.order_by("pk").select_for_update())
        self.model._base_manager.filter(pk__in=[task.pk for task in tasks]).delete()
        Event.objects.record([task.removal() for task in tasks], actor)
        return len(tasks)


@owned("tasks", "id", "title", "description", "status", "completed_at", "created_at", "updated_at", "version")
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
    )
    derived = ("completed_at", "updated_at")
    sized = ("title", "description")

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
                name="tasks_external_key",
                condition=Q(external_key__isnull=False),
            ),
            models.CheckConstraint(
                name="tasks_description_length",
                condition=LessThanOrEqual(Length("description"), LONGEST_DESCRIPTION),
            ),
        ]
        indexes = [
            # The list, newest first, and each next page of it
            models.Index(fields=["owner", "-created_at", "-id"], name="tasks_owner_created_at_id_idx"),
            # The same of one status
            models.Index(fields=["owner", "status", "-created_at", "-id"], name="tasks_owner_status_created_idx"),
        ]

    def __str__(self) -> str:
        return self.title

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.follow()
        super().save(*args, **kwargs)

    def change(self, actor: Actor, **fields: Any) -> bool:
        """Raises ExternalKeyTaken, too."""
        try:
            return super().change(actor, **fields)
        except IntegrityError as error:
            if known := refusal(error):
                raise known from error
            raise

    @classmethod
    def new(cls, **fields: Any) -> "Task":
        """Not written yet, but as it will be."""
        task = cls(**fields)
        task.follow()
        return task

    def shown(self, username: str) -> dict[str, Any]:
        """As clients see it."""
        return {name: username if name == "owner" else getattr(self, name) for name in NAMES}

    def follow(self) -> None:
        """Sets completed_at and updated_at to match, before the task is written."""
        now = self.created_at if self._state.adding else timezone.now()
        self.updated_at = now
        if self.status != Status.DONE:
            self.completed_at = None
        elif self.completed_at is None:
            self.completed_at = now
