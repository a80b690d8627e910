"""How passwords are kept: docs/adr/0003-argon2id-parameters.md."""

from typing import Any

import bcrypt
from django.contrib.auth.hashers import Argon2PasswordHasher, BCryptPasswordHasher

from accounts.hashing import gate


class Argon2idHasher(Argon2PasswordHasher):
    """OWASP's minimum parameters for Argon2id. A hash with other parameters is replaced at the next sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1

    def encode(self, password: str, salt: Any) -> str:
        """Raises RateLimited while too many passwords are hashed."""
        with gate.passed():
            return str(super().encode(password, salt))

    def verify(self, password: str, encoded: str) -> bool:
        """Raises RateLimited while too many passwords are hashed."""
        with gate.passed():
            return bool(super().verify(password, encoded))


class BcryptHasher(BCryptPasswordHasher):
    """Checks hashes imported from the FastAPI service; each is replaced by Argon2id at the next sign-in.

    bcrypt uses 72 bytes of a password (Provos and Mazières, A Future-Adaptable Password Scheme, 1999). What that
    service used, passlib 1.7 on a bcrypt library before 5, silently dropped the rest; bcrypt 5 raises ValueError
    instead. So the rest is dropped here, or users with longer passwords could no longer sign in.
    """

    longest = 72  # bytes

    def encode(self, password: str, salt: Any) -> str:
        with gate.passed():
            return f"{self.algorithm}${bcrypt.hashpw(password.encode()[: self.longest], salt).decode('ascii')}"
