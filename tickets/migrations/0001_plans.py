"""The tables of plans. `users` is locked for a moment, for the foreign keys."""

import django.db.models.constraints
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import tickets.models.source_file


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Plan",
            fields=[
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("site_name", models.CharField(max_length=255)),
                ("site_description", models.CharField(blank=True, default="", max_length=2000)),
                ("target", models.CharField(choices=[("tasks", "Tasks")], default="tasks", max_length=20)),
                ("generator", models.CharField(choices=[("builtin", "Builtin")], default="builtin", max_length=20)),
                (
                    "granularity",
                    models.CharField(choices=[("entity", "Entity"), ("row", "Row")], default="entity", max_length=20),
                ),
                (
                    "stage",
                    models.CharField(
                        choices=[
                            ("upload", "Upload"),
                            ("processing", "Processing"),
                            ("review", "Review"),
                            ("export", "Export"),
                            ("completed", "Completed"),
                        ],
                        default="upload",
                        max_length=20,
                    ),
                ),
                ("revision", models.PositiveIntegerField(default=0)),
                ("checked_revision", models.PositiveIntegerField(null=True)),
                ("validated_revision", models.PositiveIntegerField(null=True)),
                ("run", models.PositiveIntegerField(default=0)),
                ("list_id", models.UUIDField(null=True)),
                ("active_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("completed_at", models.DateTimeField(null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="plans",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "plan",
            },
        ),
        migrations.CreateModel(
            name="PlanEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("plan_id", models.UUIDField()),
                ("kind", models.CharField(max_length=30)),
                ("actor", models.CharField(blank=True, max_length=150)),
                ("data", models.JSONField()),
                ("request_id", models.CharField(max_length=128)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "plan_event",
            },
        ),
        migrations.CreateModel(
            name="SourceFile",
            fields=[
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("name", models.CharField(max_length=255)),
                ("sha256", models.CharField(max_length=64)),
                ("bytes", models.PositiveIntegerField()),
                (
                    "csv_type",
                    models.CharField(
                        choices=[
                            ("bundles", "bundles"),
                            ("fields", "fields"),
                            ("view_modes", "view_modes"),
                            ("image_styles", "image_styles"),
                            ("responsive_image_styles", "responsive_image_styles"),
                            ("views", "views"),
                            ("view_displays", "view_displays"),
                            ("migrations", "migrations"),
                            ("migration_mappings", "migration_mappings"),
                            ("workflows", "workflows"),
                            ("workflow_states", "workflow_states"),
                            ("workflow_transitions", "workflow_transitions"),
                            ("user_roles", "user_roles"),
                            ("custom", "custom"),
                        ],
                        max_length=40,
                    ),
                ),
                ("confidence", models.FloatField()),
                ("headers", models.JSONField()),
                ("rows", models.JSONField()),
                ("row_count", models.PositiveIntegerField()),
                ("skipped_rows", models.PositiveIntegerField()),
                ("notes", models.JSONField(default=tickets.models.source_file.nothing)),
                ("declared", models.JSONField(default=tickets.models.source_file.nothing)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "plan",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.plan",
                    ),
                ),
            ],
            options={
                "db_table": "source_file",
            },
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="plan_created"),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["owner", "stage", "-created_at", "-id"], name="plan_stage_created"),
        ),
        migrations.AddIndex(
            model_name="plan",
            index=models.Index(fields=["active_at"], name="plan_active_at"),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("completed_at__isnull", False), ("stage", "completed")),
                    models.Q(models.Q(("stage", "completed"), _negated=True), ("completed_at__isnull", True)),
                    _connector="OR",
                ),
                name="plan_completed_at_iff_completed",
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("checked_revision__lte", models.F("revision"))), name="plan_checked_before_now"
            ),
        ),
        migrations.AddConstraint(
            model_name="plan",
            constraint=models.CheckConstraint(
                condition=models.Q(("validated_revision__lte", models.F("revision"))), name="plan_validated_before_now"
            ),
        ),
        migrations.AddIndex(
            model_name="planevent",
            index=models.Index(fields=["owner", "plan_id", "-created_at", "-id"], name="plan_event_created"),
        ),
        migrations.AddIndex(
            model_name="planevent",
            index=models.Index(fields=["created_at"], name="plan_event_old"),
        ),
        migrations.AddIndex(
            model_name="sourcefile",
            index=models.Index(fields=["owner", "plan", "-created_at", "-id"], name="source_file_created"),
        ),
        migrations.AddConstraint(
            model_name="sourcefile",
            constraint=models.UniqueConstraint(fields=("plan", "sha256"), name="source_file_plan_sha256"),
        ),
        migrations.AddConstraint(
            model_name="sourcefile",
            constraint=models.CheckConstraint(
                condition=models.Q(("bytes__lte", 2097152)), name="source_file_not_too_large"
            ),
        ),
    ]
