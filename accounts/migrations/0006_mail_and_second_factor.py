"""New tables, a column of `security_event` and a trigger of `users`: both are locked for a moment."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

from taskhub.postgresql.operations import keep_version

columns = ("username", "email", "is_active", "name", "time_zone")
before = keep_version("users", *columns)


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0005_sessions"),
    ]

    operations = [
        migrations.CreateModel(
            name="SecondFactor",
            fields=[
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("secret", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("confirmed_at", models.DateTimeField(null=True)),
                ("last_step", models.BigIntegerField(default=0)),
                ("wrong_codes", models.PositiveIntegerField(default=0)),
                ("retry_at", models.DateTimeField(null=True)),
            ],
            options={
                "db_table": "second_factor",
            },
        ),
        migrations.AddField(
            model_name="securityevent",
            name="staff",
            field=models.CharField(blank=True, default="", max_length=50),
        ),
        migrations.AlterField(
            model_name="securityevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("signed_up", "Signed Up"),
                    ("signed_in", "Signed In"),
                    ("sign_in_refused", "Sign In Refused"),
                    ("signed_out", "Signed Out"),
                    ("signed_out_everywhere", "Signed Out Everywhere"),
                    ("session_ended", "Session Ended"),
                    ("refresh_token_reused", "Refresh Token Reused"),
                    ("password_changed", "Password Changed"),
                    ("password_reset", "Password Reset"),
                    ("email_changed", "Email Changed"),
                    ("email_verified", "Email Verified"),
                    ("second_factor_added", "Second Factor Added"),
                    ("second_factor_refused", "Second Factor Refused"),
                    ("second_factor_removed", "Second Factor Removed"),
                    ("token_created", "Token Created"),
                    ("token_revoked", "Token Revoked"),
                    ("deactivated", "Deactivated"),
                    ("activated", "Activated"),
                    ("closed", "Closed"),
                ],
                max_length=40,
            ),
        ),
        migrations.CreateModel(
            name="RecoveryCode",
            fields=[
                ("digest", models.BinaryField(primary_key=True, serialize=False)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "recovery_code",
            },
        ),
        migrations.CreateModel(
            name="SentMail",
            fields=[
                ("job_id", models.CharField(max_length=200, primary_key=True, serialize=False)),
                ("kind", models.CharField(max_length=60)),
                ("address", models.EmailField(max_length=254)),
                ("sent_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "db_table": "sent_mail",
                "indexes": [
                    models.Index(fields=["address", "kind", "sent_at"], name="sent_mail_address_kind_idx"),
                    models.Index(fields=["sent_at"], name="sent_mail_sent_at_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="MailedToken",
            fields=[
                ("digest", models.BinaryField(primary_key=True, serialize=False)),
                ("purpose", models.CharField(choices=[("verify", "Verify"), ("reset", "Reset")], max_length=10)),
                ("email", models.EmailField(max_length=254)),
                ("access_version", models.PositiveIntegerField()),
                ("expires_at", models.DateTimeField()),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "db_table": "mailed_token",
                "indexes": [models.Index(fields=["expires_at"], name="mailed_token_expires_at_idx")],
            },
        ),
        migrations.RunSQL(before.reverse_sql, before.sql),
        keep_version("users", *columns, "email_verified_at"),
    ]
