"""What a user has beside the password: an authenticator app (RFC 6238), and recovery codes in place of it."""

from django.conf import settings
from django.db import models
from django.utils import timezone

from taskhub.owned import owned


@owned("second_factor", "created_at", "confirmed_at")
class SecondFactor(models.Model):
    """Counts once it is confirmed by a first code."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    secret = models.TextField()  # encrypted (accounts.second_factor)
    created_at = models.DateTimeField(default=timezone.now)
    confirmed_at = models.DateTimeField(null=True)
    last_step = models.BigIntegerField(default=0)  # of the code that was used last: each is good once
    wrong_codes = models.PositiveIntegerField(default=0)  # in a row
    retry_at = models.DateTimeField(null=True)  # no code is looked at before

    class Meta:
        db_table = "second_factor"

    def __str__(self) -> str:
        return "on" if self.confirmed_at else "not confirmed"


class RecoveryCode(models.Model):
    """Good once. The hash is kept."""

    digest = models.BinaryField(primary_key=True)  # SHA-256: the code has 80 random bits
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")

    class Meta:
        db_table = "recovery_code"

    def __str__(self) -> str:
        return "recovery code"
