"""A column with a constant default, and a trigger: `users` is locked for a moment."""

from django.db import migrations, models

from taskhub.postgresql.operations import keep_version


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_groups_for_staff"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        keep_version("users", "username", "email", "is_active"),
    ]
