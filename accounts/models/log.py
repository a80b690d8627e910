"""What happened to the security of accounts."""

from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.client import LONGEST_DEVICE, Client
from taskhub.api import request_id


class SecurityEventManager(models.Manager["SecurityEvent"]):
    def record(self, kind: "SecurityEvent.Kind", owner_id: Any, client: Client, **fields: Any) -> None:
        """In the transaction of what it tells of."""
        self.create(
            kind=kind,
            owner_id=owner_id,
            address=client.address,
            device=client.device,
            request_id=request_id.get(),
            **fields,
        )


class SecurityEvent(models.Model):
    """Append-only: a trigger refuses changes. Rows go after SECURITY_EVENTS_KEEP_DAYS, or with the account."""

    class Kind(models.TextChoices):
        SIGNED_UP = "signed_up"
        SIGNED_IN = "signed_in"
        SIGN_IN_REFUSED = "sign_in_refused"
        SIGNED_OUT = "signed_out"
        SIGNED_OUT_EVERYWHERE = "signed_out_everywhere"
        SESSION_ENDED = "session_ended"
        REFRESH_TOKEN_REUSED = "refresh_token_reused"  # noqa: S105 - not a password
        PASSWORD_CHANGED = "password_changed"  # noqa: S105 - not a password
        EMAIL_CHANGED = "email_changed"
        TOKEN_CREATED = "token_created"  # noqa: S105 - not a password
        TOKEN_REVOKED = "token_revoked"  # noqa: S105 - not a password

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # Null where a sign-in named nobody: a row all the same, so that it takes as long
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, null=True, related_name="security_events", db_index=False
    )
    kind = models.CharField(max_length=40, choices=Kind)
    session_id = models.UUIDField(null=True)
    address = models.GenericIPAddressField(null=True)
    device = models.CharField(max_length=LONGEST_DEVICE, blank=True, default="")
    request_id = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=timezone.now)

    objects = SecurityEventManager()

    class Meta:
        db_table = "security_event"
        indexes = [
            models.Index(fields=["owner", "-id"], name="security_event_owner_id_idx"),
            models.Index(fields=["created_at"], name="security_event_created_at_idx"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
