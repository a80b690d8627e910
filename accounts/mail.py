"""Mails to people. What they say is in templates; how many go to an address is limited, whoever asks."""

import hashlib
import smtplib
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import connection, transaction
from django.template.loader import render_to_string
from django.utils import timezone
from uuid_utils.compat import uuid7

from accounts.models import SecurityEvent, SentMail, User
from jobs.registry import PermanentError
from jobs.services import enqueue

MOST = 5  # of a kind to an address within WINDOW
WINDOW = timedelta(hours=1)


def tell(user: User, event: SecurityEvent) -> None:
    """By mail, what has happened to the account, if its address is verified. In the transaction of the event."""
    if user.email_verified_at:
        enqueue("security_notice", str(event.pk), {"event_id": str(event.pk), "email": user.email}, owner=user)


def enqueue_verification(user: User) -> str:
    """A mail to the address that the account has when it goes out. Returns the job's id."""
    return enqueue("verify_email", f"{user.pk}:{uuid7()}", {"user_id": str(user.pk)}, owner=user)


def send(job: Any, address: str, subject: str, template: str, context: dict[str, Any], kind: str) -> dict[str, Any]:
    """Returns the job's result. The Message-ID is derived from the job's id, so mail systems recognize a repeat.

    Raises PermanentError when the mail server refuses the address for good, else what smtplib raises.
    """
    if not count(job.job_id, kind, address.lower()):
        return {"sent": False, "reason": "too_many"}
    message_id = f"<{hashlib.sha256(job.job_id.encode()).hexdigest()[:32]}@{settings.EMAIL_MESSAGE_ID_DOMAIN}>"
    message = EmailMultiAlternatives(
        subject=subject,
        body=render_to_string(f"accounts/{template}.txt", context),
        to=[address],
        headers={"Message-ID": message_id},
    )
    message.attach_alternative(render_to_string(f"accounts/{template}.html", context), "text/html")
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        if all(code >= 500 for code, _ in error.recipients.values()):  # RFC 5321 section 4.2.1: permanent
            raise PermanentError("The mail server refuses the address for good.") from error
        raise
    return {"sent": True, "message_id": message_id}


def count(job_id: str, kind: str, address: str) -> bool:
    """Whether one more may go to the address. Another attempt of the same job is not counted again."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"{kind} {address}"])
        if SentMail.objects.filter(pk=job_id).exists():
            return True
        since = timezone.now() - WINDOW
        if SentMail.objects.filter(address=address, kind=kind, sent_at__gt=since).count() >= MOST:
            return False
        SentMail.objects.create(pk=job_id, kind=kind, address=address)
    return True
