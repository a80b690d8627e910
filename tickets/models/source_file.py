"""A spreadsheet of a plan, as it was read. The file itself is not kept."""

from typing import Any

from django.conf import settings
from django.db import models

from taskhub.api.problems import Problem
from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet
from tickets.models.plan import Plan
from tickets.spreadsheets.detection import level
from tickets.spreadsheets.reading import LARGEST
from tickets.spreadsheets.types import ORDER

MOST_FILES = 25  # of a plan
MOST_BYTES = 50 * 1024 * 1024  # of its files


class TooManyFiles(Problem):
    status_code = 409
    default_code = "too_many_files"
    default_detail = f"A plan has up to {MOST_FILES} files and {MOST_BYTES // 1024**2} MiB. Delete one first."


def nothing() -> list[Any]:
    return []


@owned(
    "plan_files", "id", "plan_id", "name", "bytes", "csv_type", "headers", "rows", "created_at", "updated_at", "version"
)
class SourceFile(Resource):
    resource = "plan_file"
    recorded = ("name", "csv_type", "declared")

    # No index of its own: source_file_created begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    plan = models.ForeignKey(Plan, on_delete=models.CASCADE, related_name="+", db_index=False)
    name = models.CharField(max_length=255)
    sha256 = models.CharField(max_length=64)
    bytes = models.PositiveIntegerField()  # of the file
    csv_type = models.CharField(max_length=40, choices=[(key, key) for key in ORDER])
    confidence = models.FloatField()  # of the type, from 0 to 1; 1 once a person has said it
    headers = models.JSONField()
    rows = models.JSONField()  # each its number, and its cells
    row_count = models.PositiveIntegerField()
    skipped_rows = models.PositiveIntegerField()
    notes = models.JSONField(default=nothing)  # of the reading: code, row, message, severity
    declared = models.JSONField(default=nothing)  # references, by a person: {"column", "to"}, the id of a file

    objects = ResourceQuerySet.as_manager()

    class Meta:
        db_table = "source_file"
        constraints = [
            models.UniqueConstraint(fields=["plan", "sha256"], name="source_file_plan_sha256"),
            models.CheckConstraint(name="source_file_not_too_large", condition=models.Q(bytes__lte=LARGEST)),
        ]
        indexes = [models.Index(fields=["owner", "plan", "-created_at", "-id"], name="source_file_created")]

    def __str__(self) -> str:
        return self.name

    @property
    def size(self) -> int:
        return self.bytes

    @property
    def certainty(self) -> str:
        return level(self.confidence)
