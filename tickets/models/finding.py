"""What a check or a validation has found, and a person should look at."""

from django.conf import settings
from django.db import models
from uuid_utils.compat import uuid7

from tasks.models.resource import ResourceQuerySet
from tickets.models.plan import Plan
from tickets.models.source_file import SourceFile
from tickets.models.ticket import Ticket
from tickets.spreadsheets.entities import PHASES as OF_CHECK
from tickets.spreadsheets.entities import SEVERITIES

PHASES = (*OF_CHECK, "generation", "validation")


class Finding(models.Model):
    """They are made anew by each check, and numbered in the order of files and rows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: finding_number begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+", db_index=False)
    number = models.PositiveIntegerField()
    phase = models.CharField(max_length=20, choices=[(phase, phase) for phase in PHASES])
    severity = models.CharField(max_length=10, choices=[(severity, severity) for severity in SEVERITIES])
    code = models.CharField(max_length=40)
    file = models.ForeignKey(SourceFile, on_delete=models.CASCADE, null=True, related_name="+")
    ticket = models.ForeignKey(Ticket, on_delete=models.CASCADE, null=True, related_name="+")
    row_number = models.PositiveIntegerField(null=True)  # as a spreadsheet counts: the header is 1
    header = models.CharField(max_length=255, blank=True, default="")
    value = models.CharField(max_length=500, blank=True, default="")  # its beginning
    message = models.TextField()
    suggestions = models.JSONField()

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "finding"
        constraints = [models.UniqueConstraint(fields=["plan", "number"], name="finding_plan_number")]
        indexes = [
            models.Index(fields=["owner", "plan", "number"], name="finding_number"),
            models.Index(fields=["owner", "plan", "severity", "number"], name="finding_severity"),
            models.Index(fields=["owner", "plan", "code", "number"], name="finding_code"),
            models.Index(fields=["owner", "plan", "file", "number"], name="finding_file"),
        ]

    def __str__(self) -> str:
        return f"{self.code}: {self.message[:80]}"
