"""Tokens that go out by mail: they verify an address, or set another password. Each is good once."""

import secrets
from datetime import timedelta

from django.db import IntegrityError, transaction
from django.db.models import F, Q
from django.utils import timezone

from accounts import sessions
from accounts.client import Client
from accounts.mail import WINDOW, tell
from accounts.models import MailedToken, SecurityEvent, User
from accounts.personal import digest_of
from events.models import Actor, Via
from taskhub.api.problems import Problem
from taskhub.postgresql.errors import violated_constraint

Purpose = MailedToken.Purpose
LIFETIMES = {
    Purpose.VERIFY: timedelta(days=1),
    # As long as mails are counted: whoever has used up the mails of an hour has left one that is still good
    Purpose.RESET: WINDOW,
}


class InvalidToken(Problem):
    status_code = 400
    default_code = "invalid_token"
    default_detail = "This link is not good any more: it was used, is too old, or another change came first."


class EmailTaken(Problem):
    status_code = 409
    default_code = "email_taken"
    default_detail = "Another account has verified this address."


def new_token(user: User, purpose: MailedToken.Purpose) -> str:
    """Those that went out before stay good until one of them is used."""
    assert user.email  # noqa: S101 - nobody else is sent a mail
    raw = secrets.token_urlsafe(32)
    MailedToken.objects.create(
        digest=digest_of(raw),
        owner=user,
        purpose=purpose,
        email=user.email,
        access_version=user.access_version,
        expires_at=timezone.now() + LIFETIMES[purpose],
    )
    return raw


def find(raw: str, purpose: MailedToken.Purpose) -> MailedToken:
    """With its owner. Raises InvalidToken."""
    living = MailedToken.objects.filter(purpose=purpose, expires_at__gt=timezone.now(), owner__is_active=True)
    same = Q(owner__email=F("email"))
    if purpose == Purpose.RESET:
        same &= Q(owner__access_version=F("access_version"), owner__email_verified_at__isnull=False)
    token = living.filter(same, pk=digest_of(raw)).select_related("owner").first()
    if token is None:
        raise InvalidToken
    return token


def spend(raw: str, purpose: MailedToken.Purpose) -> User:
    """The owner, locked until the transaction ends. All tokens of this purpose are spent. Raises InvalidToken."""
    User.objects.select_for_update(no_key=True).get(pk=find(raw, purpose).owner_id)
    user = find(raw, purpose).owner  # as it is now that nobody else changes it
    MailedToken.objects.filter(owner=user, purpose=purpose).delete()
    return user


def verify(raw: str, client: Client) -> None:
    """Raises InvalidToken and EmailTaken."""
    try:
        with transaction.atomic():
            user = spend(raw, Purpose.VERIFY)
            SecurityEvent.objects.record(SecurityEvent.Kind.EMAIL_VERIFIED, user.pk, client)
            if user.email_verified_at is None:
                user.change(Actor(user.username, Via.API), email_verified_at=timezone.now())
    except IntegrityError as error:
        if violated_constraint(error) == "users_verified_email_lower_key":
            raise EmailTaken from error
        raise


def reset_password(raw: str, password: str, client: Client) -> None:
    """Ends all sessions. Raises InvalidToken."""
    hashed = find(raw, Purpose.RESET).owner
    hashed.set_password(password)  # before the lock: it takes long
    with transaction.atomic():
        user = spend(raw, Purpose.RESET)
        user.password = hashed.password
        user.save(update_fields=["password"])
        tell(user, sessions.end_all(user, SecurityEvent.Kind.PASSWORD_RESET, client))
