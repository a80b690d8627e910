"""Who signs in, by username and password, here and in the admin."""

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.hashers import make_password
from django.db import connection
from django.http import HttpRequest

from accounts.hashers import BcryptHasher
from accounts.models import User

# A partial index answers it, so a service without such users pays for one cheap query only
BCRYPT_LEFT = "SELECT EXISTS (SELECT FROM users WHERE password LIKE 'bcrypt$%')"
SALT = b"$2b$12$T1Wm0pgkeDGFEo/vqYwqWO"  # of passlib's default cost; no user has it


class PasswordBackend(ModelBackend):
    """Django's, with one cost for every refusal.

    bcrypt takes about ten times as long as Argon2id, so the time of a refusal would tell which names came from the
    FastAPI service and have not signed in since. While there are any, each refusal pays for one hash of either sort.
    A successful sign-in pays for its own hash only.
    """

    def authenticate(
        self, request: HttpRequest | None, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if username is None or password is None:
            return None
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            user = User()  # checking a password for an unknown user costs one Argon2id, too
        if user.check_password(password) and self.user_can_authenticate(user):
            return user
        pay_for_the_other_hash(user, password)
        return None


def pay_for_the_other_hash(user: User, password: str) -> None:
    if user.password.startswith("bcrypt$"):
        make_password(password)
        return
    with connection.cursor() as cursor:
        cursor.execute(BCRYPT_LEFT)
        if cursor.fetchone()[0]:
            BcryptHasher().encode(password, SALT)
