"""What happened to the security of accounts."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.client import LONGEST_DEVICE, Client
from accounts.models.user import LONGEST_USERNAME
from taskhub.api import request_id
from taskhub.owned import owned


class SecurityEventManager(models.Manager["SecurityEvent"]):
    def record(self, kind: "SecurityEvent.Kind", owner_id: Any, client: Client, **fields: Any) -> "SecurityEvent":
        """In the transaction of what it tells of."""
        event = self.made(kind, owner_id, client, **fields)
        event.save(force_insert=True)
        return event

    def record_all(self, kind: "SecurityEvent.Kind", owner_ids: Iterable[Any], client: Client, **fields: Any) -> None:
        """As record(), for many accounts at once."""
        self.bulk_create(self.made(kind, owner_id, client, **fields) for owner_id in owner_ids)

    def made(self, kind: "SecurityEvent.Kind", owner_id: Any, client: Client, **fields: Any) -> "SecurityEvent":
        told = {"address": client.address, "device": client.device, "request_id": request_id.get(), **fields}
        return self.model(kind=kind, owner_id=owner_id, **told)


@owned("security_events", "id", "kind", "session_id", "address", "device", "request_id", "created_at")
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
        PASSWORD_RESET = "password_reset"  # noqa: S105 - not a password
        EMAIL_CHANGED = "email_changed"
        EMAIL_VERIFIED = "email_verified"
        SECOND_FACTOR_ADDED = "second_factor_added"
        SECOND_FACTOR_REFUSED = "second_factor_refused"
        SECOND_FACTOR_REMOVED = "second_factor_removed"
        TOKEN_CREATED = "token_created"  # noqa: S105 - not a password
        TOKEN_REVOKED = "token_revoked"  # noqa: S105 - not a password
        DEACTIVATED = "deactivated"
        ACTIVATED = "activated"
        CLOSED = "closed"

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
    # Who did it, unless the owner did
    staff = models.CharField(max_length=LONGEST_USERNAME, blank=True, default="", db_default="")

    objects = SecurityEventManager()

    class Meta:
        db_table = "security_event"
        indexes = [
            models.Index(fields=["owner", "-id"], name="security_event_owner_id_idx"),
            models.Index(fields=["created_at"], name="security_event_created_at_idx"),
        ]

    def __str__(self) -> str:
        return self.get_kind_display()
