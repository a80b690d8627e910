"""Devices that have signed in before, known by a token that sign-in answers with."""

from datetime import timedelta

from django.core import signing

from accounts.models import User

HEADER = "HTTP_X_DEVICE_TOKEN"
SALT = "accounts.devices"
LIFETIME = timedelta(days=365)


def new_token(user: User) -> str:
    """Good for LIFETIME, or until the access of all ends."""
    return signing.dumps([str(user.pk), user.access_version], salt=SALT)


def user_of(raw: str) -> User | None:
    """The user of a token that is good."""
    try:
        pk, access_version = signing.loads(raw, salt=SALT, max_age=LIFETIME)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, access_version=access_version).first()


def is_known(user: User, raw: str) -> bool:
    return bool(raw) and user_of(raw) == user
