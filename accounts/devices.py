"""Devices that have signed in before, known by a token that sign-in answers with."""

from datetime import timedelta

from accounts import signed
from accounts.models import User

HEADER = "HTTP_X_DEVICE_TOKEN"
SALT = "accounts.devices"
LIFETIME = timedelta(days=365)


def new_token(user: User) -> str:
    """Good for LIFETIME, or until the access of all ends."""
    return signed.sign(user, SALT)


def user_of(raw: str) -> User | None:
    """The user of a token that is good."""
    return signed.user_of(raw, SALT, LIFETIME)


def is_known(user: User, raw: str) -> bool:
    return bool(raw) and user_of(raw) == user
