"""What comes out of a plan: one piece of work, which becomes a task."""

from typing import Any

from django.conf import settings
from django.db import models
from uuid_utils.compat import uuid7

from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet
from tickets.models.plan import Plan

LONGEST_TITLE = 200  # of a task
LONGEST_TEXT = 100_000  # characters of all that is known; a task's description has up to 10,000 of them


@owned(
    "tickets",
    *("id", "plan_id", "source_key", "group_name", "title", "description", "ready", "sprint", "assignee", "notes"),
    *("task_id", "created_at", "updated_at", "version"),
)
class Ticket(Resource):
    """`source_key` says what it is about, so that generating again makes no second one."""

    resource = "ticket"
    recorded = ("title", "description", "ready", "sprint", "assignee", "notes", "position")
    overhead = 0

    # No index of its own: ticket_place begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+", db_index=False)
    source_key = models.CharField(max_length=300)
    group_name = models.CharField(max_length=40)
    group_place = models.PositiveSmallIntegerField()  # of the group among the others
    position = models.PositiveIntegerField()  # within the group, from 1
    title = models.CharField(max_length=LONGEST_TITLE)
    description = models.TextField(max_length=LONGEST_TEXT)  # Markdown
    ready = models.BooleanField(default=False)
    sprint = models.CharField(max_length=100, blank=True, default="")
    assignee = models.CharField(max_length=100, blank=True, default="")
    notes = models.CharField(max_length=2000, blank=True, default="")
    sources: Any = models.JSONField()  # {"file", "rows"}: where it comes from
    # The task that it has become, whatever becomes of that: no foreign key
    task_id = models.UUIDField(null=True)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "ticket"
        constraints = [
            models.UniqueConstraint(fields=["plan", "source_key"], name="ticket_plan_source_key"),
            models.UniqueConstraint(
                fields=["plan", "group_place", "position"],
                name="ticket_place_once",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "plan", "group_place", "position"], name="ticket_place"),
            models.Index(fields=["owner", "plan", "ready", "group_place", "position"], name="ticket_ready"),
        ]

    def __str__(self) -> str:
        return self.title


class Origin(models.TextChoices):
    INFERRED = "inferred"
    DECLARED = "declared"
    MANUAL = "manual"


@owned("ticket_dependencies", "id", "ticket_id", "needs_id", "origin")
class TicketDependency(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: ticket_dependency_of_plan begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+", db_index=False)
    needs = models.ForeignKey(Ticket, on_delete=models.CASCADE, related_name="+")
    origin = models.CharField(max_length=10, choices=Origin)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "ticket_dependency"
        constraints = [
            models.UniqueConstraint(fields=["ticket", "needs"], name="ticket_dependency_pair"),
            models.CheckConstraint(name="ticket_dependency_of_two", condition=~models.Q(ticket=models.F("needs"))),
        ]
        indexes = [models.Index(fields=["owner", "plan", "-id"], name="ticket_dependency_of_plan")]

    def __str__(self) -> str:
        return f"{self.ticket_id} needs {self.needs_id}"
