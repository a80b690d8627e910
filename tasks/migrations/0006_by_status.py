"""Built while the table is written to."""

from django.db import migrations, models

from taskhub.postgresql.operations import RetryableAddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tasks", "0005_priority_and_dates_are_valid")]

    operations = [
        RetryableAddIndexConcurrently(
            "task",
            models.Index(fields=["owner", "status", "-created_at", "-id"], name="tasks_owner_status_created_idx"),
        ),
    ]
