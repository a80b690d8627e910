"""A default in the database, so that the release before 0006 can write. `security_event` is locked for a moment."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0007_exports")]

    operations = [
        migrations.AlterField(
            model_name="securityevent",
            name="staff",
            field=models.CharField(blank=True, db_default="", default="", max_length=50),
        ),
    ]
