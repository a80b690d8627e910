"""The sweep finds due jobs that were never announced without reading the rows of the others (jobs.sweep)."""

from django.db import migrations, models

from taskhub.postgresql.operations import RetryableAddIndexConcurrently, RetryableRemoveIndexConcurrently


class Migration(migrations.Migration):
    atomic = False

    dependencies = [("jobs", "0006_job_attempt_cancelled")]

    operations = [
        RetryableAddIndexConcurrently(
            "job",
            models.Index(
                fields=["deliver_at", "deliveries"],
                name="job_log_due_idx",
                condition=models.Q(state__in=("queued", "running")),
            ),
        ),
        RetryableRemoveIndexConcurrently("job", "job_log_deliver_at_idx"),
    ]
