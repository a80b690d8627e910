"""A new table. `users` is locked for a moment, for the foreign key."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0006_mail_and_second_factor"),
    ]

    operations = [
        migrations.CreateModel(
            name="ExportPart",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("job_id", models.CharField(max_length=200)),
                ("number", models.PositiveIntegerField()),
                ("body", models.BinaryField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "export_part",
                "indexes": [models.Index(fields=["created_at"], name="export_part_created_at_idx")],
                "constraints": [
                    models.UniqueConstraint(fields=("job_id", "number"), name="export_part_job_number_key")
                ],
            },
        ),
    ]
