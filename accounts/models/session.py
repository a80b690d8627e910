"""By what a caller is let in: sessions of people, personal access tokens of programs."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.client import LONGEST_DEVICE
from accounts.models.user import User
from taskhub.owned import owned

# The user of a session that has not ended, and of a personal token that is good. Both take what they are found by
OF_SESSION = """JOIN session ON session.owner_id = users.id AND session.access_version = users.access_version
    WHERE session.id = %s AND users.id = %s AND users.is_active"""
OF_PERSONAL_TOKEN = """JOIN personal_token ON personal_token.owner_id = users.id
    WHERE personal_token.id = %s AND users.id = %s AND users.is_active
    AND (personal_token.expires_at IS NULL OR personal_token.expires_at > statement_timestamp())"""  # noqa: S105 - not a password


class Scope(models.TextChoices):
    """What a personal access token may do. Sessions may do everything."""

    TASKS_READ = "tasks:read"
    TASKS_WRITE = "tasks:write"
    PLANS_READ = "plans:read"
    PLANS_WRITE = "plans:write"
    JOBS_READ = "jobs:read"
    JOBS_WRITE = "jobs:write"


class SessionQuerySet(models.QuerySet["Session"]):
    def living(self, user: User) -> "SessionQuerySet":
        return self.filter(owner=user.pk, access_version=user.access_version, expires_at__gt=timezone.now())


@owned("sessions", "id", "device", "address", "created_at", "last_used_at", "signed_in_at", "expires_at")
class Session(models.Model):
    """One sign-in and the family of its refresh tokens, of which `generation` is the one that is good.

    It ends by being deleted, by a newer access_version of its owner, or on expires_at.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="sessions", db_index=False
    )
    access_version = models.PositiveIntegerField()  # of the owner, when it began
    generation = models.PositiveIntegerField(default=1)
    renewed_at = models.DateTimeField(default=timezone.now)  # when this generation began
    renewed_by = models.BinaryField(default=bytes)  # SHA-256 of the Idempotency-Key that asked for it
    expires_at = models.DateTimeField()
    device = models.CharField(max_length=LONGEST_DEVICE, blank=True, default="")
    address = models.GenericIPAddressField(null=True, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)  # exact to five minutes
    signed_in_at = models.DateTimeField(default=timezone.now)  # when a password was last checked

    objects = SessionQuerySet.as_manager()

    class Meta:
        db_table = "session"
        indexes = [
            models.Index(fields=["owner", "-id"], name="session_owner_id_idx"),  # version 7: the newest first
            models.Index(fields=["expires_at"], name="session_expires_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.device[:40] or 'unknown device'}, {self.created_at:%Y-%m-%d %H:%M} UTC"


@owned("personal_tokens", "id", "name", "scopes", "created_at", "expires_at", "last_used_at")
class PersonalToken(models.Model):
    """For scripts and agents. The hash is kept. A trigger deletes it when its owner is deactivated."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="personal_tokens", db_index=False
    )
    name = models.CharField(max_length=100)
    scopes = ArrayField(models.CharField(max_length=40))
    digest = models.BinaryField(unique=True)  # SHA-256: the token has 178 random bits
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)  # exact to five minutes

    class Meta:
        db_table = "personal_token"
        indexes = [models.Index(fields=["owner", "-id"], name="personal_token_owner_id_idx")]

    def __str__(self) -> str:
        return self.name
