"""The tables of lists, labels, dependencies, comments and saved filters, and of the words of tasks.

No row of `tasks` is read or written; it is locked for a moment, for the foreign keys. Those are made by hand, because they
delete in the database.
"""

import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.contrib.postgres.operations import BtreeGinExtension, UnaccentExtension
from django.db import migrations, models

REFERENCES = [
    ("task_comment", "task_id"),
    ("task_dependency", "task_id"),
    ("task_dependency", "needs_id"),
    ("task_label", "task_id"),
    ("task_search", "task_id"),
]


def cascade(table: str, column: str) -> str:
    return (
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_{column}_fk FOREIGN KEY ({column}) REFERENCES tasks (id)"
        " ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0006_by_status"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGinExtension(),
        UnaccentExtension(),
        migrations.CreateModel(
            name="Comment",
            fields=[
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("author", models.CharField(editable=False, max_length=150)),
                ("text", models.TextField(max_length=10000)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="comments",
                        to="tasks.task",
                    ),
                ),
            ],
            options={
                "db_table": "task_comment",
            },
        ),
        migrations.CreateModel(
            name="Dependency",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "task_id", "needs_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("created_at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now())),
                (
                    "needs",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tasks.task",
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
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tasks.task",
                    ),
                ),
            ],
            options={
                "db_table": "task_dependency",
            },
        ),
        migrations.CreateModel(
            name="Label",
            fields=[
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=50)),
                ("key", models.CharField(db_collation="C", editable=False, max_length=200)),
                (
                    "colour",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A#[0-9a-f]{6}\\Z", "This must be a colour such as #1e90ff, or empty."
                            )
                        ],
                    ),
                ),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="labels",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "label",
            },
        ),
        migrations.CreateModel(
            name="SavedFilter",
            fields=[
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("query", models.CharField(max_length=2000)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="filters",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "saved_filter",
            },
        ),
        migrations.CreateModel(
            name="TaskLabel",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "task_id", "label_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("label_id", models.UUIDField()),
                ("owner_id", models.UUIDField()),
                ("created_at", models.DateTimeField()),
                (
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="tasks.task",
                    ),
                ),
            ],
            options={
                "db_table": "task_label",
            },
        ),
        migrations.CreateModel(
            name="TaskList",
            fields=[
                ("version", models.PositiveIntegerField(db_default=1, default=1, editable=False)),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "colour",
                    models.CharField(
                        blank=True,
                        default="",
                        max_length=7,
                        validators=[
                            django.core.validators.RegexValidator(
                                "\\A#[0-9a-f]{6}\\Z", "This must be a colour such as #1e90ff, or empty."
                            )
                        ],
                    ),
                ),
                ("archived", models.BooleanField(default=False)),
                ("position", models.CharField(db_collation="C", editable=False, max_length=255)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("updated_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="lists",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "task_list",
            },
        ),
        migrations.CreateModel(
            name="TaskSearch",
            fields=[
                (
                    "task",
                    models.OneToOneField(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="tasks.task",
                    ),
                ),
                ("owner_id", models.UUIDField()),
                ("document", django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                "db_table": "task_search",
            },
        ),
        migrations.AddIndex(
            model_name="tasksearch",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["owner_id", "document"], name="task_search_document"
            ),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["owner", "task", "-created_at", "-id"], name="task_comment_created"),
        ),
        migrations.AddIndex(
            model_name="comment",
            index=models.Index(fields=["task"], name="task_comment_task"),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(("text", ""), _negated=True), name="task_comment_not_blank"
            ),
        ),
        migrations.AddIndex(
            model_name="dependency",
            index=models.Index(fields=["owner", "task", "-created_at", "-needs"], name="task_dependency_created"),
        ),
        migrations.AddIndex(
            model_name="dependency",
            index=models.Index(fields=["needs"], name="task_dependency_needs"),
        ),
        migrations.AddConstraint(
            model_name="dependency",
            constraint=models.CheckConstraint(
                condition=models.Q(("task", models.F("needs")), _negated=True), name="task_dependency_of_two"
            ),
        ),
        migrations.AddConstraint(
            model_name="label",
            constraint=models.UniqueConstraint(fields=("owner", "key"), name="label_owner_key"),
        ),
        migrations.AddIndex(
            model_name="savedfilter",
            index=models.Index(fields=["owner", "-created_at", "-id"], name="saved_filter_created"),
        ),
        migrations.AddIndex(
            model_name="tasklabel",
            index=models.Index(fields=["owner_id", "label_id", "-created_at", "-task_id"], name="task_label_created"),
        ),
        migrations.AddIndex(
            model_name="tasklist",
            index=models.Index(fields=["owner", "position", "id"], name="task_list_order"),
        ),
        migrations.AddConstraint(
            model_name="tasklist",
            constraint=models.UniqueConstraint(fields=("owner", "id"), name="task_list_owner_id_key"),
        ),
        migrations.RunSQL(
            [cascade(table, column) for table, column in REFERENCES],
            [f"ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_fk" for table, column in REFERENCES],
        ),
    ]
