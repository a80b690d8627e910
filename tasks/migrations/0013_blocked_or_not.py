"""Tasks that are not blocked are found by an index, too. Built and dropped while the table is written to."""

from django.db import migrations, models

from taskhub.postgresql.operations import RetryableAddIndexConcurrently, RetryableRemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tasks", "0012_longest_keys_and_words")]

    operations = [
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "blocked", "-created_at", "-id"],
                name="tasks_live_blocked_created",
            ),
        ),
        RetryableRemoveIndexConcurrently(model_name="task", name="tasks_live_blocked"),
    ]
