from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False  # an index that is built while rows are written

    dependencies = [
        ("jobs", "0001_initial"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="job",
            index=models.Index(fields=["-created_at"], name="job_log_created_at_idx"),
        ),
    ]
