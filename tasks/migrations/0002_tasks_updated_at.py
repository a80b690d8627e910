"""A trigger: `tasks` is locked for a moment."""

from django.db import migrations

from taskhub.postgresql.operations import keep_updated_at


class Migration(migrations.Migration):
    dependencies = [("tasks", "0001_initial")]

    operations = [keep_updated_at("tasks")]
