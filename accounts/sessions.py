"""Sessions begin, go on and end. Each function is one transaction, or part of the caller's.

Races: whoever ends sessions of an account holds the row of the account or deletes the row of the session; whoever
begins or renews one waits for that row, and then finds that it has ended.
"""

import hashlib
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts.client import Client
from accounts.mail import tell
from accounts.models import SecurityEvent, Session, User
from accounts.tokens import RefreshToken, TokenNotValid, session_to_end
from taskhub.api.problems import Problem

REPEATABLE = timedelta(minutes=1)  # a renewal that is asked for again with its Idempotency-Key
RECENT = timedelta(minutes=10)
Kind = SecurityEvent.Kind


class SignInAgain(Problem):
    status_code = 403
    default_code = "sign_in_again"
    default_detail = "This needs a sign-in of the last ten minutes: sign in again, then repeat the request."


def begin(user: User, client: Client, known_device: bool = False) -> Session | None:
    """For a user whose password was just verified. None if the user was deleted or deactivated meanwhile, or the
    password changed. A device that is not known is told to the user, but for the first sign-in.
    """
    first = user.last_login is None
    now = timezone.now()
    with transaction.atomic():
        present = User.objects.filter(pk=user.pk, is_active=True, access_version=user.access_version)
        if not present.update(last_login=now):
            return None
        session = Session.objects.create(
            owner=user,
            access_version=user.access_version,
            expires_at=expiry(now, now),
            device=client.device,
            address=client.address,
            created_at=now,
            renewed_at=now,
            last_used_at=now,
            signed_in_at=now,
        )
        end_superfluous(user)
        event = SecurityEvent.objects.record(Kind.SIGNED_IN, user.pk, client, session_id=session.pk)
        if not (first or known_device):
            tell(user, event)
        return session


def end_superfluous(user: User) -> None:
    """Those beyond the quota that were used longest ago."""
    if settings.QUOTA_SESSIONS:
        newest = Session.objects.living(user).order_by("-last_used_at", "-pk")
        Session.objects.filter(pk__in=newest.values("pk")[settings.QUOTA_SESSIONS :]).delete()


def note_refusal(username: str, client: Client) -> None:
    """Also for a name that nobody has, so that it takes as long."""
    try:
        owner_id = User.objects.get_by_natural_key(username).pk
    except User.DoesNotExist:
        owner_id = None
    SecurityEvent.objects.record(Kind.SIGN_IN_REFUSED, owner_id, client)


def expiry(created_at: datetime, now: datetime) -> datetime:
    return min(now + settings.SESSION_IDLE_LIFETIME, created_at + settings.SESSION_LIFETIME)


def renew(raw: str, key: str | None, client: Client) -> Session:
    """Spends a refresh token. One that was spent before ends its session, unless the request is the one that spent it,
    sent again with the same key (docs/adr/0013-sessions.md). Raises TokenNotValid.
    """
    token = RefreshToken.read(raw)
    with transaction.atomic():
        session = (
            Session.objects.select_for_update(of=("self",), no_key=True)
            .filter(
                pk=token["sid"], owner=token["sub"], owner__is_active=True, access_version=F("owner__access_version")
            )
            .first()
        )
        if session and go_on(session, token["gen"], key, client):
            return session
    raise TokenNotValid


def go_on(session: Session, generation: int, key: str | None, client: Client) -> bool:
    """Renews the session, or ends it. The caller holds its lock."""
    now, digest = timezone.now(), hashlib.sha256(key.encode()).digest() if key else b""
    if session.generation == generation:
        session.generation, session.renewed_at, session.renewed_by = generation + 1, now, digest
        session.last_used_at, session.expires_at = now, expiry(session.created_at, now)
        session.address, session.device = client.address, client.device
        session.save()
        return True
    again = key and bytes(session.renewed_by) == digest and generation == session.generation - 1
    if again and now - session.renewed_at <= REPEATABLE:
        return True
    session.delete()
    SecurityEvent.objects.record(Kind.REFRESH_TOKEN_REUSED, session.owner_id, client, session_id=session.pk)
    return False


def sign_out(raw: str, client: Client) -> None:
    """Ends the session of a refresh token, whichever of its tokens it is. One that is forged, or whose session has
    ended, changes nothing (RFC 7009 section 2.2). Raises ValidationError.
    """
    claims = session_to_end(raw)
    if claims:
        with transaction.atomic():
            end(claims["sub"], claims["sid"], Kind.SIGNED_OUT, client)


def end(owner_id: str, session_id: str, kind: SecurityEvent.Kind, client: Client) -> bool:
    """Whether there was such a session."""
    _, deleted = Session.objects.filter(pk=session_id, owner__pk=owner_id).delete()
    if deleted:
        SecurityEvent.objects.record(kind, owner_id, client, session_id=session_id)
    return bool(deleted)


def end_all(
    user: User, kind: SecurityEvent.Kind, client: Client, but: str | None = None, staff: str = ""
) -> SecurityEvent:
    """Ends every session of the user, except `but`. The caller holds the row of the user, in a transaction."""
    user.end_access()
    if but:
        Session.objects.filter(owner=user, pk=but).update(access_version=user.access_version)
    Session.objects.filter(owner=user, access_version__lt=user.access_version).delete()
    return SecurityEvent.objects.record(kind, user.pk, client, session_id=but, staff=staff)


def change_password(user: User, password: str, session_id: str, client: Client) -> bool:
    """Ends all other sessions. `user` is as its password was verified; False if another request has changed it, or
    ended the access of the user, meanwhile.
    """
    user.set_password(password)
    with transaction.atomic():
        present = User.objects.select_for_update(no_key=True).filter(
            pk=user.pk, is_active=True, access_version=user.access_version
        )
        if not present.exists():
            return False
        user.save(update_fields=["password"])
        tell(user, end_all(user, Kind.PASSWORD_CHANGED, client, but=session_id))
        return True


def require_recent_sign_in(session_id: str) -> None:
    """Raises SignInAgain."""
    if not Session.objects.filter(pk=session_id, signed_in_at__gt=timezone.now() - RECENT).exists():
        raise SignInAgain
