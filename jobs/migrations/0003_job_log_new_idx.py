"""The jobs that nobody has begun with, by kind: what a batch looks for (jobs.batch)."""

from django.db import migrations, models

from taskhub.postgresql.operations import RetryableAddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("jobs", "0002_job_log_newest_idx")]

    operations = [
        RetryableAddIndexConcurrently(
            "job",
            models.Index(
                fields=["kind", "run_at"],
                name="job_log_new_idx",
                condition=models.Q(state="queued", attempt=0, worker=""),
            ),
        ),
    ]
