from django.db import migrations, models

from taskhub.postgresql.operations import RetryableAddIndexConcurrently


class Migration(migrations.Migration):
    atomic = False  # an index that is built beside the traffic cannot be built in a transaction

    dependencies = [("accounts", "0001_initial")]

    operations = [
        RetryableAddIndexConcurrently(
            model_name="user",
            index=models.Index(
                condition=models.Q(("password__startswith", "bcrypt$")), fields=["id"], name="users_bcrypt_idx"
            ),
        ),
    ]
