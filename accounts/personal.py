"""Personal access tokens: `thub_`, 30 random characters and 6 of a checksum, by which scanners know them."""

import hashlib
import secrets
import string
import zlib

PREFIX = "thub_"
DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
RANDOM, CHECKSUM = 30, 6  # characters


def new_token() -> str:
    random = "".join(secrets.choice(DIGITS) for _ in range(RANDOM))
    return f"{PREFIX}{random}{checksum(random)}"


def checksum(random: str) -> str:
    """CRC-32 in base 62, six digits."""
    rest, digits = zlib.crc32(random.encode()), ""
    for _ in range(CHECKSUM):
        rest, digit = divmod(rest, len(DIGITS))
        digits = DIGITS[digit] + digits
    return digits


def digest_of(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
