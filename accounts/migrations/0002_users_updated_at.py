"""A column whose default is worked out once, and a trigger: `users` is locked for a moment, and no row is written."""

from django.db import migrations, models
from django.db.models.functions import Now

from taskhub.postgresql.operations import keep_updated_at


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [
        migrations.AddField("user", "updated_at", models.DateTimeField(db_default=Now(), editable=False)),
        keep_updated_at("users", "last_login"),
    ]
