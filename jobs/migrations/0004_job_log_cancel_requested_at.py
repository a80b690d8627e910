"""Since when somebody asks a running job to stop. Nullable and without default: no row is rewritten."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("jobs", "0003_job_log_new_idx")]

    operations = [migrations.AddField("job", "cancel_requested_at", models.DateTimeField(null=True))]
