"""Reads the table once for each constraint and for the index, while it is written to."""

from django.contrib.postgres.operations import ValidateConstraint
from django.db import migrations, models

from taskhub.postgresql.operations import unique_concurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tasks", "0004_priority_and_dates")]

    operations = [
        ValidateConstraint("task", "tasks_priority_known"),
        ValidateConstraint("task", "tasks_due_once"),
        ValidateConstraint("task", "tasks_due_timezone_of_instant"),
        ValidateConstraint("task", "tasks_external_both_or_neither"),
        unique_concurrently(
            "task",
            "tasks",
            "owner_id, external_source, external_key",
            models.UniqueConstraint(
                fields=["owner", "external_source", "external_key"],
                name="tasks_external_key",
                condition=models.Q(external_key__isnull=False),
            ),
            "external_key IS NOT NULL",
        ),
    ]
