"""A column with a constant default, and a trigger: `tasks` is locked for a moment."""

from django.db import migrations, models

from taskhub.postgresql.operations import keep_version


class Migration(migrations.Migration):
    dependencies = [
        ("tasks", "0002_tasks_updated_at"),
    ]

    operations = [
        migrations.AddField(
            model_name="task",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        keep_version("tasks", "title", "description", "status"),
    ]
