"""Signed words that name a user, good for a while and until the access of all ends."""

from datetime import timedelta

from django.core import signing

from accounts.models import User


def sign(user: User, salt: str) -> str:
    return signing.dumps([str(user.pk), user.access_version], salt=salt)


def user_of(raw: str, salt: str, lifetime: timedelta) -> User | None:
    """The active user that it names; None when it is forged, too old, or access has ended since."""
    try:
        pk, access_version = signing.loads(raw, salt=salt, max_age=lifetime)
    except signing.BadSignature:
        return None
    return User.objects.filter(pk=pk, access_version=access_version, is_active=True).first()
