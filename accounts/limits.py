"""How often people may sign in, sign up, and ask for mails (CONTRACT section 6)."""

import hashlib
from collections.abc import Iterable

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

from accounts import devices
from accounts.models import LONGEST_SPELLING, User
from taskhub.api.limits import Limit, count, forget, network_of

Asked = Request | HttpRequest


def sign_in(request: Asked, username: str) -> str:
    """Returns what signed_in() takes. Counted before the password is looked at. Raises RateLimited.

    A known device has a counter of its own, so that strangers who try passwords keep nobody out.
    """
    count(settings.RATE_LIMIT_LOGIN_ADDRESS, "login", address(request))
    who = known_device(request, username) or f"name {digest(normalized(username))}"
    count(settings.RATE_LIMIT_LOGIN_ACCOUNT, "login", who)
    return who


def signed_in(who: str) -> None:
    forget(settings.RATE_LIMIT_LOGIN_ACCOUNT, "login", who)


def known_device(request: Asked, username: str) -> str | None:
    raw = request.META.get(devices.HEADER, "")
    user = devices.user_of(raw) if raw else None
    if user is None or normalized(user.username) != normalized(username):
        return None
    return f"device {digest(raw)}"


def check_password(user: User) -> None:
    """Of a session that has to say its password. Raises RateLimited."""
    count(settings.RATE_LIMIT_LOGIN_ACCOUNT, "password", str(user.pk))


def sign_up(request: Asked, email: str | None) -> None:
    """Raises RateLimited."""
    by_address_and(request, "register", settings.RATE_LIMIT_REGISTER, [email] if email else [])


def ask_for_mail(request: Asked, *emails: str) -> None:
    """Also for what follows the mail, which needs no email. Raises RateLimited."""
    by_address_and(request, "reset", settings.RATE_LIMIT_RESET, emails)


def refresh(request: Asked, session_id: str | None) -> None:
    """By session; by address for what is no token of ours. Raises RateLimited."""
    count(settings.RATE_LIMIT_REFRESH, "refresh", session_id or address(request))


def by_address_and(request: Asked, what: str, limit: Limit, emails: Iterable[str]) -> None:
    count(limit, what, address(request))
    for email in emails:
        count(limit, what, "email", digest(email.lower()))


def address(request: Asked) -> str:
    return network_of(request.META.get("REMOTE_ADDR"))


def normalized(username: str) -> str:
    return str(User.normalize_username(username)).lower() if len(username) <= LONGEST_SPELLING else "too long"


def digest(said: str) -> str:
    """What clients say is kept by its hash: it may be huge, and in a table of counters nobody has to read it."""
    return hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()[:32]
