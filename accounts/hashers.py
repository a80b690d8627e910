"""How passwords are kept: docs/adr/0003-argon2id-parameters.md."""

from typing import Any

import bcrypt
from django.contrib.auth.hashers import Argon2PasswordHasher, BCryptPasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """OWASP's minimum for Argon2id. A hash made with other parameters is renewed at the next sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1


class BcryptHasher(BCryptPasswordHasher):
    """Checks the hashes of users who came from the FastAPI service; each is renewed as Argon2id at the next sign-in.

    bcrypt sees 72 bytes of a password (Provos and Mazières, A Future-Adaptable Password Scheme, 1999). What that
    service used, passlib 1.7 on a bcrypt library before 5, dropped the rest in silence; bcrypt 5 raises ValueError
    instead. So the rest is dropped here, or long passwords would no longer open their accounts.
    """

    longest = 72  # bytes

    def encode(self, password: str, salt: Any) -> str:
        return f"{self.algorithm}${bcrypt.hashpw(password.encode()[: self.longest], salt).decode('ascii')}"
