"""Exports of accounts that were too large to be made while somebody waits."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from taskhub.owned import owned


@owned("export_parts")
class ExportPart(models.Model):
    """The parts of one job, by number, are one JSON document. They are kept for a day."""

    id = models.BigAutoField(primary_key=True)
    job_id = models.CharField(max_length=200)
    number = models.PositiveIntegerField()
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    body = models.BinaryField()
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "export_part"
        constraints = [models.UniqueConstraint(fields=["job_id", "number"], name="export_part_job_number_key")]
        indexes = [models.Index(fields=["created_at"], name="export_part_created_at_idx")]

    def __str__(self) -> str:
        return f"{self.job_id}, part {self.number}"
