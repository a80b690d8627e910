"""Background work about accounts."""

import hashlib
import smtplib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.template.loader import render_to_string
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from accounts.models import User
from jobs.registry import PermanentError, external_handler, recurring
from jobs.running import prune


# The first retry comes soon: a mail server may ask an unknown sender to try again (greylisting, RFC 6647)
@external_handler("welcome_email", queue="mail", backoff=5, time_limit=100, owner_may=("retry", "cancel"))
def send_welcome(job: Any) -> dict[str, Any]:
    """Sends the mail. Its Message-ID is derived from the job's id, so mail systems recognize a repeat."""
    user = User.objects.filter(pk=job.payload["user_id"], is_active=True).first()
    if user is None:
        return {"sent": False, "reason": "user_gone"}
    if not user.email:
        return {"sent": False, "reason": "no_address"}
    message_id = f"<{hashlib.sha256(job.job_id.encode()).hexdigest()[:32]}@{settings.EMAIL_MESSAGE_ID_DOMAIN}>"
    message = EmailMultiAlternatives(
        subject=f"Welcome to TaskHub, {user.username}",
        body=render_to_string("accounts/welcome.txt", {"user": user}),
        to=[user.email],
        headers={"Message-ID": message_id},
    )
    message.attach_alternative(render_to_string("accounts/welcome.html", {"user": user}), "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _ in error.recipients.values()):  # RFC 5321 section 4.2.1: permanent
            raise PermanentError("The mail server refuses the address for good.") from error
        raise
    return {"sent": True, "message_id": message_id}


@recurring("prune_tokens", every=timedelta(minutes=5), offset=timedelta(minutes=2))
def prune_tokens(job: Any) -> dict[str, int]:
    """Deletes expired refresh tokens: their date alone refuses them, spent or not."""
    return {"pruned": prune(job, OutstandingToken.objects.filter(expires_at__lt=Now()).order_by("pk"))}
