"""Lists of tasks."""

from typing import Any

from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import Q

from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet
from tasks.positions import LONGEST, key_of

COLOUR = RegexValidator(r"\A#[0-9a-f]{6}\Z", "This must be a colour such as #1e90ff, or empty.")


class TaskListQuerySet(ResourceQuerySet):
    def owned_by(self, user: models.Model) -> "TaskListQuerySet":
        """Without those that are being deleted."""
        return super().owned_by(user).filter(deleted_at=None)

    def around(self, row: "TaskList", forward: bool, number: int) -> list[tuple[Any, str]]:
        """Id and position of the next lists in the owner's order, or of those before, the nearest first."""
        sign, order = ("gt", "") if forward else ("lt", "-")
        beyond = Q(**{f"position__{sign}": row.position}) | Q(**{"position": row.position, f"pk__{sign}": row.pk})
        rows = self.filter(beyond, owner=row.owner_id, deleted_at=None).order_by(f"{order}position", f"{order}pk")
        return list(rows.values_list("pk", "position")[:number])


@owned("lists", "id", "name", "colour", "archived", "position", "created_at", "updated_at", "version", last=True)
class TaskList(Resource):
    resource = "list"
    recorded = ("name", "colour", "archived", "position")
    sized = ("name",)

    # No index of its own: task_list_order begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="lists", db_index=False)
    name = models.CharField(max_length=100)
    colour = models.CharField(max_length=7, blank=True, default="", validators=[COLOUR])
    archived = models.BooleanField(default=False)
    position = models.CharField(max_length=LONGEST, db_collation="C", editable=False)
    # The row stays, for tasks in the trash that were in it, and so that no foreign key looks for tasks
    deleted_at = models.DateTimeField(null=True, editable=False)

    objects = TaskListQuerySet.as_manager()

    class Meta:
        db_table = "task_list"
        constraints = [
            # What tasks refer to, so that a task is never in a list of somebody else
            models.UniqueConstraint(fields=["owner", "id"], name="task_list_owner_id_key"),
        ]
        indexes = [models.Index(fields=["owner", "position", "id"], name="task_list_order")]

    def __str__(self) -> str:
        return self.name

    @classmethod
    def new(cls, **fields: Any) -> "TaskList":
        """Not written yet; the last of the owner's lists."""
        row = super().new(**fields)
        row.position = key_of(row.created_at, row.pk)
        return row
