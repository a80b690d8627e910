"""The jobs that nobody has begun with, by kind: what a batch looks for (jobs.batch)."""

from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("jobs", "0002_job_log_newest_idx")]

    operations = [
        AddIndexConcurrently(
            "job",
            models.Index(
                fields=["kind", "run_at"],
                name="job_log_new_idx",
                condition=models.Q(state="queued", attempt=0, worker=""),
            ),
        ),
    ]
