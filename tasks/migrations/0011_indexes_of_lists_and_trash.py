"""Built and looked at while the table is written to. Each index reads the table twice, each foreign key once."""

from django.db import migrations, models

from taskhub.postgresql.operations import (
    RetryableAddIndexConcurrently,
    RetryableRemoveIndexConcurrently,
    no_longer_unique_concurrently,
    unique_concurrently,
)


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tasks", "0010_fill_in_keys_and_words")]

    operations = [
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "-created_at", "-id"],
                name="tasks_live_created",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "status", "-priority_rank", "-created_at", "-id"],
                name="tasks_live_status_created",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "status", "priority_rank", "due_key", "id"],
                name="tasks_live_status_due",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "status", "priority_rank", "-updated_at", "-id"],
                name="tasks_live_status_updated",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "status", "priority_rank", "position", "id"],
                name="tasks_live_status_position",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "list", "status", "-priority_rank", "-created_at", "-id"],
                name="tasks_live_list_created",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "list", "status", "due_key", "id"],
                name="tasks_live_list_due",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "list", "status", "-updated_at", "-id"],
                name="tasks_live_list_updated",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "list", "status", "position", "id"],
                name="tasks_live_list_position",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True)),
                fields=["owner", "parent", "-created_at", "-id"],
                name="tasks_live_parent_created",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("completed_at__isnull", False)),
                fields=["owner", "-completed_at", "-id"],
                name="tasks_live_completed",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("blocked", True)),
                fields=["owner", "-created_at", "-id"],
                name="tasks_live_blocked",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", True), ("parent__isnull", False)),
                fields=["owner", "parent", "position", "id"],
                name="tasks_live_children",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(condition=models.Q(("parent__isnull", False)), fields=["parent"], name="tasks_parent"),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)),
                fields=["owner", "-deleted_at", "-id"],
                name="tasks_trash",
            ),
        ),
        RetryableAddIndexConcurrently(
            model_name="task",
            index=models.Index(
                condition=models.Q(("deleted_at__isnull", False)), fields=["deleted_at"], name="tasks_deleted"
            ),
        ),
        unique_concurrently(
            "task",
            "tasks",
            "owner_id, external_source, external_key",
            models.UniqueConstraint(
                fields=["owner", "external_source", "external_key"],
                name="tasks_live_external_key",
                condition=models.Q(external_key__isnull=False, deleted_at__isnull=True),
            ),
            "external_key IS NOT NULL AND deleted_at IS NULL",
        ),
        no_longer_unique_concurrently(
            "task",
            "tasks",
            "owner_id, external_source, external_key",
            "tasks_external_key",
            "external_key IS NOT NULL",
        ),
        RetryableRemoveIndexConcurrently(
            model_name="task",
            name="tasks_owner_status_created_idx",
        ),
        migrations.RunSQL(
            [
                "ALTER TABLE tasks VALIDATE CONSTRAINT tasks_list_fk",
                "ALTER TABLE tasks VALIDATE CONSTRAINT tasks_parent_fk",
            ],
            migrations.RunSQL.noop,
        ),
    ]
