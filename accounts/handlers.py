"""Background work about accounts."""

import hashlib
import smtplib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session as AdminSession
from django.core.mail import EmailMultiAlternatives
from django.db.models.functions import Now
from django.template.loader import render_to_string
from django.utils import timezone

from accounts.models import PersonalToken, SecurityEvent, Session, User
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


@recurring("prune_sessions", every=timedelta(minutes=5), offset=timedelta(minutes=2))
def prune_sessions(job: Any) -> dict[str, int]:
    """Deletes what has expired: sessions, those of the admin, and personal access tokens a month later."""
    month_ago = timezone.now() - timedelta(days=30)
    return {
        "sessions": prune(job, Session.objects.filter(expires_at__lt=Now()).order_by("pk")),
        "admin_sessions": prune(job, AdminSession.objects.filter(expire_date__lt=Now()).order_by("pk")),
        "tokens": prune(job, PersonalToken.objects.filter(expires_at__lt=month_ago).order_by("pk")),
    }


@recurring("prune_security_events", every=timedelta(minutes=5), offset=timedelta(minutes=3))
def prune_security_events(job: Any) -> dict[str, int]:
    """Deletes those older than SECURITY_EVENTS_KEEP_DAYS."""
    oldest = timezone.now() - timedelta(days=settings.SECURITY_EVENTS_KEEP_DAYS)
    return {"pruned": prune(job, SecurityEvent.objects.filter(created_at__lt=oldest).order_by("pk"))}
