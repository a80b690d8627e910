"""A planning from spreadsheets: what is uploaded, checked, generated, reviewed and exported together."""

from typing import Any

from django.apps import apps
from django.conf import settings
from django.db import models
from django.utils import timezone

from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet


class Stage(models.TextChoices):
    UPLOAD = "upload"
    PROCESSING = "processing"  # tickets are being generated
    REVIEW = "review"
    EXPORT = "export"  # tasks are being made
    COMPLETED = "completed"


class Target(models.TextChoices):
    TASKS = "tasks"


class Generator(models.TextChoices):
    BUILTIN = "builtin"


class Granularity(models.TextChoices):
    ENTITY = "entity"  # what belongs together is one ticket: a bundle with its fields
    ROW = "row"  # each row is one


@owned(
    "plans",
    *("id", "site_name", "site_description", "target", "generator", "granularity", "stage"),
    *("completed_at", "created_at", "updated_at", "version"),
    last=True,
)
class Plan(Resource):
    """`revision` counts what was edited; what was checked or validated is so while its revision is that of the plan.

    `run` counts generations and exports begun or ended by somebody: a job that is not of this run stops.
    """

    resource = "plan"
    recorded = ("site_name", "site_description", "granularity", "stage")
    derived = ("updated_at", "active_at")
    sized = ("site_name", "site_description")

    # No index of its own: plan_created begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="plans", db_index=False)
    site_name = models.CharField(max_length=255)
    site_description = models.CharField(max_length=2000, blank=True, default="")
    target = models.CharField(max_length=20, choices=Target, default=Target.TASKS)
    generator = models.CharField(max_length=20, choices=Generator, default=Generator.BUILTIN)
    granularity = models.CharField(max_length=20, choices=Granularity, default=Granularity.ENTITY)
    stage = models.CharField(max_length=20, choices=Stage, default=Stage.UPLOAD)
    revision = models.PositiveIntegerField(default=0)
    checked_revision = models.PositiveIntegerField(null=True)
    validated_revision = models.PositiveIntegerField(null=True)
    run = models.PositiveIntegerField(default=0)
    list_id = models.UUIDField(null=True)  # of the tasks that it was exported to; it may be deleted
    active_at = models.DateTimeField(default=timezone.now)  # when somebody last did something with it
    completed_at = models.DateTimeField(null=True)

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "plan"
        constraints = [
            models.CheckConstraint(
                name="plan_completed_at_iff_completed",
                condition=models.Q(stage=Stage.COMPLETED, completed_at__isnull=False)
                | (~models.Q(stage=Stage.COMPLETED) & models.Q(completed_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="plan_checked_before_now", condition=models.Q(checked_revision__lte=models.F("revision"))
            ),
            models.CheckConstraint(
                name="plan_validated_before_now", condition=models.Q(validated_revision__lte=models.F("revision"))
            ),
        ]
        indexes = [
            models.Index(fields=["owner", "-created_at", "-id"], name="plan_created"),
            models.Index(fields=["owner", "stage", "-created_at", "-id"], name="plan_stage_created"),
            models.Index(fields=["active_at"], name="plan_active_at"),  # of what is cleaned up
        ]

    def __str__(self) -> str:
        return self.site_name

    def follow(self) -> None:
        super().follow()
        self.active_at = self.updated_at

    # What belongs to it, by its owner, with whom the indexes of these tables begin
    @property
    def files(self) -> models.QuerySet[Any]:
        return self.rows("SourceFile")

    @property
    def tickets(self) -> models.QuerySet[Any]:
        return self.rows("Ticket")

    @property
    def dependencies(self) -> models.QuerySet[Any]:
        return self.rows("TicketDependency")

    @property
    def findings(self) -> models.QuerySet[Any]:
        return self.rows("Finding")

    def rows(self, model: str) -> models.QuerySet[Any]:
        known: models.QuerySet[Any] = apps.get_model("tickets", model)._default_manager.all()
        return known.filter(owner=self.owner_id, plan=self.pk)

    @property
    def is_checked(self) -> bool:
        return self.checked_revision == self.revision

    @property
    def is_validated(self) -> bool:
        return self.validated_revision == self.revision

    def touch(self, **fields: Any) -> None:
        """Writes what is no version of its own: progress that others make. The caller holds the row's lock."""
        fields["active_at"] = timezone.now()
        for name, value in fields.items():
            setattr(self, name, value)
        type(self).objects.filter(pk=self.pk, owner=self.owner_id).update(**fields)

    def edit(self, files: bool = False) -> None:
        """A ticket or, with `files`, a file was changed: it has to be validated, or checked, again."""
        new = self.revision + 1
        self.touch(revision=new, **({"checked_revision": new} if self.is_checked and not files else {}))
