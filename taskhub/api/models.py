"""Requests that were done, by their Idempotency-Key."""

from django.conf import settings
from django.db import models
from django.db.models.functions import Now

from taskhub.owned import owned


@owned("idempotency_keys", "created_at", "status")
class IdempotencyKey(models.Model):
    """Written in the transaction of the request's effect: neither is there without the other."""

    pk = models.CompositePrimaryKey("owner_id", "digest")
    # No index of its own: the primary key begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    digest = models.UUIDField()  # of method, path and key
    fingerprint = models.BinaryField()  # of what was sent: SHA-256
    created_at = models.DateTimeField(db_default=Now())
    # The answer; NULL only inside of the transaction that makes it
    status = models.PositiveSmallIntegerField(null=True)
    headers = models.JSONField(null=True)
    body = models.BinaryField(null=True)

    class Meta:
        db_table = "idempotency_key"
        indexes = [models.Index(fields=["created_at"], name="idempotency_key_created_at_idx")]  # pruning

    def __str__(self) -> str:
        return str(self.digest)
