"""Background work about accounts."""

from datetime import timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.sessions.models import Session as AdminSession
from django.db.models.functions import Now
from django.utils import timezone

from accounts import closing, export, mailed
from accounts.mail import WINDOW, send
from accounts.models import ExportPart, MailedToken, PersonalToken, SecurityEvent, SentMail, Session, User
from jobs.registry import external_handler, recurring
from jobs.running import prune

# The first retry comes soon: a mail server may ask an unknown sender to try again (greylisting, RFC 6647)
mails = partial(external_handler, queue="mail", backoff=5, time_limit=100)
EXPORT_KEPT = timedelta(days=1)
NOTICES = {
    SecurityEvent.Kind.SIGNED_IN: "Somebody has signed in from a device that was not used before.",
    SecurityEvent.Kind.PASSWORD_CHANGED: "The password was changed.",
    SecurityEvent.Kind.PASSWORD_RESET: "A new password was set with a link from a mail.",
    SecurityEvent.Kind.EMAIL_CHANGED: "The account has another e-mail address now, or none.",
}


@mails("welcome_email", owner_may=("retry", "cancel"))
def send_welcome(job: Any) -> dict[str, Any]:
    return to_be_verified(job, "Welcome to TaskHub", "welcome")


@mails("verify_email", owner_may=("retry", "cancel"))
def send_verification(job: Any) -> dict[str, Any]:
    return to_be_verified(job, "Confirm your address for TaskHub", "verify_email")


def to_be_verified(job: Any, subject: str, template: str) -> dict[str, Any]:
    """Nothing that the user wrote is in the mail: perhaps it goes to a stranger."""
    user = User.objects.filter(pk=job.payload["user_id"], is_active=True).first()
    if user is None:
        return {"sent": False, "reason": "user_gone"}
    if not user.email:
        return {"sent": False, "reason": "no_address"}
    if user.email_verified_at:
        return {"sent": False, "reason": "verified_already"}
    link = f"{settings.PUBLIC_URL}/verify-email#{mailed.new_token(user, mailed.Purpose.VERIFY)}"
    return send(job, user.email, subject, template, {"link": link}, kind=job.kind)


@mails("password_reset")
def send_password_reset(job: Any) -> dict[str, Any]:
    user = User.objects.filter(pk=job.payload["user_id"], is_active=True, email_verified_at__isnull=False).first()
    if user is None or not user.email:
        return {"sent": False, "reason": "no_account"}
    link = f"{settings.PUBLIC_URL}/reset-password#{mailed.new_token(user, mailed.Purpose.RESET)}"
    context = {"username": user.username, "link": link}
    return send(job, user.email, "A new password for TaskHub", "password_reset", context, kind=job.kind)


@mails("security_notice")
def send_security_notice(job: Any) -> dict[str, Any]:
    """To the address as it was verified when it happened."""
    event = SecurityEvent.objects.select_related("owner").filter(pk=job.payload["event_id"]).first()
    if event is None or event.owner is None:
        return {"sent": False, "reason": "user_gone"}
    what = NOTICES[SecurityEvent.Kind(event.kind)]
    told = {"what": what, "username": event.owner.username, "time": event.created_at, "address": event.address}
    context = {**told, "link": f"{settings.PUBLIC_URL}/reset-password"}
    # Counted for each kind of event, so that many sign-ins cannot hide a new password
    counted_as = f"{job.kind}:{event.kind}"
    return send(job, job.payload["email"], "Security of your TaskHub account", "security_notice", context, counted_as)


@external_handler("account_export", queue="bulk", time_limit=3600, lease=60)
def export_account(job: Any) -> dict[str, Any]:
    user = User.objects.filter(pk=job.payload["user_id"], is_active=True).first()
    return export.keep(job, user) if user else {"reason": "user_gone"}


@external_handler("account_deletion", queue="bulk", time_limit=3600, lease=60)
def delete_account(job: Any) -> dict[str, Any]:
    return closing.delete(job, job.payload["user_id"])


@recurring("prune_sessions", every=timedelta(minutes=5), offset=timedelta(minutes=2))
def prune_sessions(job: Any) -> dict[str, int]:
    """Deletes what has expired: sessions, those of the admin, what belongs to mails, exports, and personal access
    tokens a month later.
    """
    month_ago = timezone.now() - timedelta(days=30)
    return {
        "sessions": prune(job, Session.objects.filter(expires_at__lt=Now()).order_by("pk")),
        "admin_sessions": prune(job, AdminSession.objects.filter(expire_date__lt=Now()).order_by("pk")),
        "mailed_tokens": prune(job, MailedToken.objects.filter(expires_at__lt=Now()).order_by("pk")),
        "sent_mails": prune(job, SentMail.objects.filter(sent_at__lt=Now() - WINDOW).order_by("sent_at")),
        "exports": prune(job, ExportPart.objects.filter(created_at__lt=Now() - EXPORT_KEPT).order_by("created_at")),
        "tokens": prune(job, PersonalToken.objects.filter(expires_at__lt=month_ago).order_by("pk")),
    }


@recurring("prune_security_events", every=timedelta(minutes=5), offset=timedelta(minutes=3))
def prune_security_events(job: Any) -> dict[str, int]:
    """Deletes those older than SECURITY_EVENTS_KEEP_DAYS."""
    oldest = timezone.now() - timedelta(days=settings.SECURITY_EVENTS_KEEP_DAYS)
    return {"pruned": prune(job, SecurityEvent.objects.filter(created_at__lt=oldest).order_by("pk"))}
