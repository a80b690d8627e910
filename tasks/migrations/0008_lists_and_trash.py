"""Columns of tasks: lists, parents, labels, a manual order and the trash.

They have constant defaults, so that no row is read or written, and the table is locked for a moment. The foreign keys are
made by hand, because that to a list has the owner in it, and are looked at later, in 0011.
"""

import datetime

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import tasks.models.task


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0007_lists_and_labels"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="task",
            name="blocked",
            field=models.BooleanField(db_default=False, default=False, editable=False),
        ),
        migrations.AddField(
            model_name="task",
            name="deleted_at",
            field=models.DateTimeField(blank=True, editable=False, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="due_key",
            field=models.DateTimeField(
                db_default=datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.UTC),
                default=datetime.datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=datetime.UTC),
                editable=False,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="label_ids",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.UUIDField(),
                blank=True,
                db_default=models.Value(
                    [], output_field=django.contrib.postgres.fields.ArrayField(base_field=models.UUIDField(), size=None)
                ),
                default=tasks.models.task.no_labels,
                editable=False,
                size=None,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="parent",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="tasks.task",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="position",
            field=models.CharField(db_collation="C", db_default="", default="", editable=False, max_length=255),
        ),
        migrations.AddField(
            model_name="task",
            name="priority_rank",
            field=models.SmallIntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="task",
            name="list",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                to="tasks.tasklist",
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="subtasks_done",
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.AddField(
            model_name="task",
            name="subtasks_total",
            field=models.IntegerField(db_default=0, default=0, editable=False),
        ),
        migrations.RunSQL(
            [
                (
                    "ALTER TABLE tasks ADD CONSTRAINT tasks_list_fk FOREIGN KEY (owner_id, list_id)"
                    " REFERENCES task_list (owner_id, id) DEFERRABLE INITIALLY DEFERRED NOT VALID"
                ),
                (
                    "ALTER TABLE tasks ADD CONSTRAINT tasks_parent_fk FOREIGN KEY (parent_id)"
                    " REFERENCES tasks (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED NOT VALID"
                ),
            ],
            ["ALTER TABLE tasks DROP CONSTRAINT tasks_list_fk", "ALTER TABLE tasks DROP CONSTRAINT tasks_parent_fk"],
        ),
    ]
