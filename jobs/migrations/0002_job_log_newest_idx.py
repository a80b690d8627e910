from django.db import migrations, models

from taskhub.postgresql.operations import RetryableAddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False  # an index that is built while rows are written

    dependencies = [
        ("jobs", "0001_initial"),
    ]

    operations = [
        RetryableAddIndexConcurrently(
            model_name="job",
            index=models.Index(
                models.OrderBy(
                    models.Func(
                        models.F("created_at"),
                        output_field=models.DateTimeField(),
                        template="(%(expressions)s AT TIME ZONE 'UTC')",
                    ),
                    descending=True,
                ),
                name="job_log_newest_idx",
            ),
        ),
    ]
