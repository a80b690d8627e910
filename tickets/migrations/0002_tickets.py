"""The tables of tickets and findings. `users` and the tables of plans are locked for a moment, for the foreign keys."""

import django.db.models.constraints
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tickets", "0001_plans")]

    operations = [
        migrations.CreateModel(
            name="Ticket",
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
                ("source_key", models.CharField(max_length=300)),
                ("group_name", models.CharField(max_length=40)),
                ("group_place", models.PositiveSmallIntegerField()),
                ("position", models.PositiveIntegerField()),
                ("title", models.CharField(max_length=200)),
                ("description", models.TextField(max_length=100000)),
                ("ready", models.BooleanField(default=False)),
                ("sprint", models.CharField(blank=True, default="", max_length=100)),
                ("assignee", models.CharField(blank=True, default="", max_length=100)),
                ("notes", models.CharField(blank=True, default="", max_length=2000)),
                ("sources", models.JSONField()),
                ("task_id", models.UUIDField(null=True)),
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
                "db_table": "ticket",
            },
        ),
        migrations.CreateModel(
            name="Finding",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                (
                    "phase",
                    models.CharField(
                        choices=[
                            ("schema", "schema"),
                            ("content", "content"),
                            ("references", "references"),
                            ("generation", "generation"),
                            ("validation", "validation"),
                        ],
                        max_length=20,
                    ),
                ),
                (
                    "severity",
                    models.CharField(
                        choices=[("blocking", "blocking"), ("warning", "warning"), ("info", "info")], max_length=10
                    ),
                ),
                ("code", models.CharField(max_length=40)),
                ("row_number", models.PositiveIntegerField(null=True)),
                ("header", models.CharField(blank=True, default="", max_length=255)),
                ("value", models.CharField(blank=True, default="", max_length=500)),
                ("message", models.TextField()),
                ("suggestions", models.JSONField()),
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
                (
                    "file",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.sourcefile",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tickets.ticket"
                    ),
                ),
            ],
            options={
                "db_table": "finding",
            },
        ),
        migrations.CreateModel(
            name="TicketDependency",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "origin",
                    models.CharField(
                        choices=[("inferred", "Inferred"), ("declared", "Declared"), ("manual", "Manual")],
                        max_length=10,
                    ),
                ),
                (
                    "needs",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to="tickets.ticket"
                    ),
                ),
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
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.plan",
                    ),
                ),
                (
                    "ticket",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="tickets.ticket",
                    ),
                ),
            ],
            options={
                "db_table": "ticket_dependency",
            },
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["owner", "plan", "group_place", "position"], name="ticket_place"),
        ),
        migrations.AddIndex(
            model_name="ticket",
            index=models.Index(fields=["owner", "plan", "ready", "group_place", "position"], name="ticket_ready"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(fields=("plan", "source_key"), name="ticket_plan_source_key"),
        ),
        migrations.AddConstraint(
            model_name="ticket",
            constraint=models.UniqueConstraint(
                deferrable=django.db.models.constraints.Deferrable["DEFERRED"],
                fields=("plan", "group_place", "position"),
                name="ticket_place_once",
            ),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["owner", "plan", "number"], name="finding_number"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["owner", "plan", "severity", "number"], name="finding_severity"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["owner", "plan", "code", "number"], name="finding_code"),
        ),
        migrations.AddIndex(
            model_name="finding",
            index=models.Index(fields=["owner", "plan", "file", "number"], name="finding_file"),
        ),
        migrations.AddConstraint(
            model_name="finding",
            constraint=models.UniqueConstraint(fields=("plan", "number"), name="finding_plan_number"),
        ),
        migrations.AddIndex(
            model_name="ticketdependency",
            index=models.Index(fields=["owner", "plan", "-id"], name="ticket_dependency_of_plan"),
        ),
        migrations.AddConstraint(
            model_name="ticketdependency",
            constraint=models.UniqueConstraint(fields=("ticket", "needs"), name="ticket_dependency_pair"),
        ),
        migrations.AddConstraint(
            model_name="ticketdependency",
            constraint=models.CheckConstraint(
                condition=models.Q(("ticket", models.F("needs")), _negated=True), name="ticket_dependency_of_two"
            ),
        ),
    ]
