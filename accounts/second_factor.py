"""The second step of signing in: a code of an authenticator app (RFC 6238), or a recovery code."""

import base64
import hmac
import logging
import secrets
from datetime import timedelta
from typing import Any

import pyotp
from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts import signed
from accounts.client import Client
from accounts.models import RecoveryCode, SecondFactor, SecurityEvent, User
from accounts.personal import digest_of
from taskhub.api.limits import RateLimited
from taskhub.api.problems import Conflict, Problem

SALT = "accounts.second_factor"
CHALLENGE_LIFETIME = timedelta(minutes=5)
RECOVERY_CODES = 10
FREE_TRIES = 5  # wrong codes in a row, before one has to wait
FIRST_WAIT, LONGEST_WAIT = 30, 3600  # seconds
DRIFT = 1  # steps by which the clock of a phone may be wrong
Kind = SecurityEvent.Kind
log = logging.getLogger("taskhub.accounts")


class SecondFactorRequired(Problem):
    status_code = 401
    default_code = "second_factor_required"
    default_detail = "The password is right. Send the challenge and a code to POST /auth/login/second-factor."

    def __init__(self, challenge: str) -> None:
        super().__init__()
        self.members = {"challenge": challenge}


class InvalidChallenge(Problem):
    status_code = 401
    default_code = "invalid_challenge"
    default_detail = "This challenge has expired: sign in with the password again."


class InvalidCode(Problem):
    status_code = 401
    default_code = "invalid_code"
    default_detail = "This code is not right, or was used before."


class TooManyCodes(RateLimited):
    default_detail = "There were too many wrong codes."


def is_on(user: User) -> bool:
    return SecondFactor.objects.filter(owner=user, confirmed_at__isnull=False).exists()


def new_challenge(user: User) -> str:
    """Proves, for a while, that the password was right."""
    return signed.sign(user, SALT)


def challenged(raw: str) -> User:
    """Raises InvalidChallenge."""
    user = signed.user_of(raw, SALT, CHALLENGE_LIFETIME)
    if user is None:
        raise InvalidChallenge
    return user


def enrol(user: User) -> tuple[str, str]:
    """A secret, and the same as a URI for an app. It counts once it is confirmed. Raises Conflict if one does."""
    if is_on(user):
        raise Conflict("There is a second factor. Remove it first.")
    secret = pyotp.random_base32()
    new = {
        "secret": encrypted(secret),
        "created_at": timezone.now(),
        "last_step": 0,
        "wrong_codes": 0,
        "retry_at": None,
    }
    SecondFactor.objects.update_or_create(owner=user, defaults=new)
    return secret, pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name="TaskHub")


def confirm(user: User, code: str, client: Client) -> list[str]:
    """Turns it on. Returns the recovery codes. Raises InvalidCode, TooManyCodes, and Conflict if none waits for it."""
    if not SecondFactor.objects.filter(owner=user, confirmed_at__isnull=True).exists():
        raise Conflict("No second factor waits to be confirmed.")
    check(user, code, client, confirmed_at__isnull=True)
    codes = [secrets.token_bytes(10) for _ in range(RECOVERY_CODES)]
    spelled = [base64.b32encode(code).decode().lower() for code in codes]
    with transaction.atomic():
        SecondFactor.objects.filter(owner=user, confirmed_at__isnull=True).update(confirmed_at=timezone.now())
        RecoveryCode.objects.filter(owner=user).delete()
        RecoveryCode.objects.bulk_create(RecoveryCode(owner=user, digest=digest_of(code)) for code in spelled)
        SecurityEvent.objects.record(Kind.SECOND_FACTOR_ADDED, user.pk, client)
    return ["-".join(code[start : start + 4] for start in range(0, 16, 4)) for code in spelled]


def remove(user: User, client: Client, **fields: Any) -> bool:
    """Whether there was one."""
    RecoveryCode.objects.filter(owner=user).delete()
    deleted, _ = SecondFactor.objects.filter(owner=user).delete()
    if deleted:
        SecurityEvent.objects.record(Kind.SECOND_FACTOR_REMOVED, user.pk, client, **fields)
    return bool(deleted)


def check(user: User, code: str, client: Client, **condition: Any) -> None:
    """Uses up a code. A wrong one is counted, whatever the caller does. Raises InvalidCode and TooManyCodes."""
    condition = condition or {"confirmed_at__isnull": False}
    with transaction.atomic(durable=True):
        factor = SecondFactor.objects.select_for_update().filter(owner=user, **condition).first()
        if factor is None:  # removed meanwhile
            raise InvalidCode
        now = timezone.now()
        if factor.retry_at and factor.retry_at > now:
            raise TooManyCodes((factor.retry_at - now).total_seconds())
        right = uses_up(factor, "".join(code.split()).replace("-", "").lower())
        factor.wrong_codes = 0 if right else factor.wrong_codes + 1
        more = factor.wrong_codes - FREE_TRIES
        wait = 0 if more < 0 else min(FIRST_WAIT * 2 ** min(more, 10), LONGEST_WAIT)
        factor.retry_at = now + timedelta(seconds=wait)
        factor.save()
        if not right:
            SecurityEvent.objects.record(Kind.SECOND_FACTOR_REFUSED, user.pk, client)
    if not right:
        raise InvalidCode


def uses_up(factor: SecondFactor, code: str) -> bool:
    """The caller holds the lock of the factor, and saves it."""
    present = int(timezone.now().timestamp()) // 30
    totp = pyotp.TOTP(decrypted(factor.secret))
    for step in range(max(present - DRIFT, factor.last_step + 1), present + DRIFT + 1):
        if hmac.compare_digest(totp.generate_otp(step).encode(), code.encode()):
            factor.last_step = step
            return True
    return bool(RecoveryCode.objects.filter(pk=digest_of(code), owner=factor.owner_id).delete()[0])


def encrypted(secret: str) -> str:
    """With SECRET_KEY, so that who steals the table alone has no codes."""
    return keys().encrypt(secret.encode()).decode()


def decrypted(kept: str) -> str:
    """One that no key opens is answered with one that has no codes: recovery codes still work."""
    try:
        return keys().decrypt(kept.encode()).decode()
    except InvalidToken:
        log.exception("a second factor was encrypted with a SECRET_KEY that is not among the SECRET_KEY_FALLBACKS")
        return pyotp.random_base32()


def keys() -> MultiFernet:
    known = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    digests = [salted_hmac(SALT, "", key, algorithm="sha256").digest() for key in known]
    return MultiFernet([Fernet(base64.urlsafe_b64encode(digest)) for digest in digests])


def encrypt_anew() -> tuple[int, int]:
    """With the present SECRET_KEY, those that a fallback opens. Returns how many, and how many no key opens."""
    done = lost = 0
    for pk in SecondFactor.objects.values_list("pk", flat=True):
        with transaction.atomic():
            for factor in SecondFactor.objects.select_for_update().filter(pk=pk):
                try:
                    factor.secret = keys().rotate(factor.secret.encode()).decode()
                except InvalidToken:
                    lost += 1
                    continue
                factor.save(update_fields=["secret"])
                done += 1
    return done, lost
