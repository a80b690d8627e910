"""More of a task. Columns with constant defaults and constraints that are not looked at yet: no row is read or written, and
the table is locked for a moment.
"""

from django.conf import settings
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models

import accounts.models.user
from taskhub.postgresql.operations import keep_version

columns = ("title", "description", "status")
before = keep_version("tasks", *columns)
new = ("priority", "start_date", "due_date", "due_at", "due_timezone", "external_source", "external_key")


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0003_versions"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="task",
            name="due_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="due_date",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="due_timezone",
            field=models.CharField(
                blank=True, max_length=64, null=True, validators=[accounts.models.user.validate_time_zone]
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="external_key",
            field=models.CharField(blank=True, max_length=200, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="external_source",
            field=models.CharField(blank=True, max_length=100, null=True),
        ),
        migrations.AddField(
            model_name="task",
            name="priority",
            field=models.CharField(
                choices=[
                    ("none", "None"),
                    ("low", "Low"),
                    ("medium", "Medium"),
                    ("high", "High"),
                    ("urgent", "Urgent"),
                ],
                db_default="none",
                default="none",
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="task",
            name="start_date",
            field=models.DateField(blank=True, null=True),
        ),
        AddConstraintNotValid(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("priority__in", ["none", "low", "medium", "high", "urgent"])),
                name="tasks_priority_known",
            ),
        ),
        AddConstraintNotValid(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_date__isnull", True), ("due_at__isnull", True), _connector="OR"),
                name="tasks_due_once",
            ),
        ),
        AddConstraintNotValid(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_timezone__isnull", True), ("due_at__isnull", False), _connector="OR"),
                name="tasks_due_timezone_of_instant",
            ),
        ),
        AddConstraintNotValid(
            model_name="task",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("external_key__isnull", True), ("external_source__isnull", True)),
                    models.Q(("external_key__isnull", False), ("external_source__isnull", False)),
                    _connector="OR",
                ),
                name="tasks_external_both_or_neither",
            ),
        ),
        migrations.RunSQL(before.reverse_sql, before.sql),
        keep_version("tasks", *columns, *new),
    ]
