import django.core.validators
import django.db.models.functions.text
import django.db.models.lookups
import django.utils.timezone
import uuid_utils.compat
from django.db import migrations, models

import accounts.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.CreateModel(
            name="User",
            fields=[
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=uuid_utils.compat.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        max_length=50,
                        validators=[django.core.validators.MinLengthValidator(3), accounts.models.validate_visible],
                    ),
                ),
                ("email", models.EmailField(blank=True, max_length=254, null=True)),
                ("email_verified_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "is_active",
                    models.BooleanField(default=True, help_text="Unset this instead of deleting the account."),
                ),
                ("is_staff", models.BooleanField(default=False, help_text="May sign in to the admin.")),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "db_table": "users",
                "indexes": [
                    models.Index(
                        condition=models.Q(("password__startswith", "bcrypt$")), fields=["id"], name="users_bcrypt_idx"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("username"),
                        name="users_username_lower_key",
                        violation_error_message="Username already exists",
                    ),
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("email_verified_at__isnull", False)),
                        name="users_verified_email_lower_key",
                    ),
                    models.CheckConstraint(
                        condition=django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length("username"), 3
                        ),
                        name="users_username_length",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("email_verified_at__isnull", True), ("email__isnull", False), _connector="OR"
                        ),
                        name="users_verified_email_exists",
                    ),
                ],
            },
        ),
    ]
