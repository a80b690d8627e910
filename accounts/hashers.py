"""How passwords are kept: docs/adr/0003-argon2id-parameters.md."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2idHasher(Argon2PasswordHasher):
    """OWASP's minimum for Argon2id. A hash made with other parameters is renewed at the next sign-in."""

    time_cost = 2
    memory_cost = 19 * 1024  # KiB
    parallelism = 1
