"""What goes out by mail: tokens, and the mails that were sent."""

from django.conf import settings
from django.db import models
from django.utils import timezone


class MailedToken(models.Model):
    """Proves that somebody reads the mail of an address. The hash is kept; the token is known to the mail alone."""

    class Purpose(models.TextChoices):
        VERIFY = "verify"
        RESET = "reset"

    digest = models.BinaryField(primary_key=True)  # SHA-256: the token has 256 random bits
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    purpose = models.CharField(max_length=10, choices=Purpose)
    email = models.EmailField()  # it went to
    access_version = models.PositiveIntegerField()  # of the owner at that time
    expires_at = models.DateTimeField()

    class Meta:
        db_table = "mailed_token"
        indexes = [models.Index(fields=["expires_at"], name="mailed_token_expires_at_idx")]

    def __str__(self) -> str:
        return f"{self.purpose} {self.email}"


class SentMail(models.Model):
    """Written before the mail goes out, so that no race and no crash sends more than the limit."""

    job_id = models.CharField(primary_key=True, max_length=200)
    kind = models.CharField(max_length=60)
    address = models.EmailField()  # in lower case
    sent_at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "sent_mail"
        indexes = [
            models.Index(fields=["address", "kind", "sent_at"], name="sent_mail_address_kind_idx"),
            models.Index(fields=["sent_at"], name="sent_mail_sent_at_idx"),  # pruning
        ]

    def __str__(self) -> str:
        return f"{self.kind} to {self.address}"
