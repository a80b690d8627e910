"""An attempt may end as cancelled. Django alone knows the choices: nothing changes in the database."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0005_job_event")]

    operations = [
        migrations.AlterField(
            "attempt",
            "outcome",
            models.CharField(
                blank=True,
                choices=[
                    ("succeeded", "Succeeded"),
                    ("error", "Error"),
                    ("permanent_error", "Permanent Error"),
                    ("time_limit", "Time Limit"),
                    ("worker_lost", "Worker Lost"),
                    ("in_doubt", "In Doubt"),
                    ("cancelled", "Cancelled"),
                ],
                default="",
                max_length=20,
            ),
        )
    ]
