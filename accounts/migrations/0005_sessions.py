"""New tables, and columns of `users` with constant defaults: it is locked for a moment, and no row is written."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
import uuid_utils.compat
from django.conf import settings
from django.db import migrations, models

import accounts.models.user
from taskhub.postgresql.operations import keep_version

columns = ("username", "email", "is_active")
before = keep_version("users", *columns)
# Whoever deactivates an account, nothing that was let in before is let in after it is activated again
END_ACCESS = """
    CREATE FUNCTION users_end_access() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        NEW.access_version := OLD.access_version + 1;
        DELETE FROM session WHERE owner_id = OLD.id;
        DELETE FROM personal_token WHERE owner_id = OLD.id;
        RETURN NEW;
    END $$;
    CREATE TRIGGER users_end_access BEFORE UPDATE ON users FOR EACH ROW
        WHEN (OLD.is_active AND NOT NEW.is_active) EXECUTE FUNCTION users_end_access();"""
END_ACCESS_BACK = "DROP TRIGGER users_end_access ON users; DROP FUNCTION users_end_access();"
APPEND_ONLY = """
    CREATE FUNCTION security_event_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        RAISE EXCEPTION 'security_event is append-only';
    END $$;
    CREATE TRIGGER security_event_is_append_only BEFORE UPDATE ON security_event FOR EACH ROW
        EXECUTE FUNCTION security_event_is_append_only();"""
APPEND_ONLY_BACK = """
    DROP TRIGGER security_event_is_append_only ON security_event;
    DROP FUNCTION security_event_is_append_only();"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0004_versions"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="access_version",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False),
        ),
        migrations.AddField(
            model_name="user",
            name="name",
            field=models.CharField(blank=True, db_default="", default="", max_length=100),
        ),
        migrations.AddField(
            model_name="user",
            name="time_zone",
            field=models.CharField(
                db_default="UTC", default="UTC", max_length=64, validators=[accounts.models.user.validate_time_zone]
            ),
        ),
        migrations.CreateModel(
            name="PersonalToken",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("digest", models.BinaryField(unique=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, null=True)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="personal_tokens",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "personal_token",
                "indexes": [models.Index(fields=["owner", "-id"], name="personal_token_owner_id_idx")],
            },
        ),
        migrations.CreateModel(
            name="SecurityEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("signed_up", "Signed Up"),
                            ("signed_in", "Signed In"),
                            ("sign_in_refused", "Sign In Refused"),
                            ("signed_out", "Signed Out"),
                            ("signed_out_everywhere", "Signed Out Everywhere"),
                            ("session_ended", "Session Ended"),
                            ("refresh_token_reused", "Refresh Token Reused"),
                            ("password_changed", "Password Changed"),
                            ("email_changed", "Email Changed"),
                            ("token_created", "Token Created"),
                            ("token_revoked", "Token Revoked"),
                        ],
                        max_length=40,
                    ),
                ),
                ("session_id", models.UUIDField(null=True)),
                ("address", models.GenericIPAddressField(null=True)),
                ("device", models.CharField(blank=True, default="", max_length=200)),
                ("request_id", models.CharField(max_length=128)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="security_events",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "security_event",
                "indexes": [
                    models.Index(fields=["owner", "-id"], name="security_event_owner_id_idx"),
                    models.Index(fields=["created_at"], name="security_event_created_at_idx"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("access_version", models.PositiveIntegerField()),
                ("generation", models.PositiveIntegerField(default=1)),
                ("renewed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("renewed_by", models.BinaryField(default=bytes)),
                ("expires_at", models.DateTimeField()),
                ("device", models.CharField(blank=True, default="", max_length=200)),
                ("address", models.GenericIPAddressField(blank=True, null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_used_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("signed_in_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "owner",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "db_table": "session",
                "indexes": [
                    models.Index(fields=["owner", "-id"], name="session_owner_id_idx"),
                    models.Index(fields=["expires_at"], name="session_expires_at_idx"),
                ],
            },
        ),
        migrations.RunSQL(before.reverse_sql, before.sql),
        keep_version("users", *columns, "name", "time_zone"),
        migrations.RunSQL(END_ACCESS, END_ACCESS_BACK),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_BACK),
    ]
