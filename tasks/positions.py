"""Keys of a manual order. They compare as text, byte by byte, and there is always another one between two of them.

A key is the digits of a fraction from 0 to 1, in hexadecimal, and does not end in 0. The first one of a row tells when
it was made, so that rows come in that order until somebody moves them.
"""

from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LONGEST = 255  # characters of a key
LONG = 40  # from here on, the rows around get keys of even distances again
TIME_DIGITS = 13  # of microseconds; enough until 2112


def key_of(created_at: datetime, pk: UUID) -> str:
    """The first key of a row. Rows made in one microsecond differ by three digits of their id. The same as SQL:
    tasks/migrations/0009_triggers_of_tasks.py.
    """
    microseconds = max(0, (created_at - EPOCH) // timedelta(microseconds=1))
    return f"{microseconds:0{TIME_DIGITS}x}{str(pk)[-3:]}8"


def between(low: str, high: str) -> str:
    """The shortest key between two, and of these the one in the middle. `low` may be empty: before all others.

    Raises ValueError unless low < high.
    """
    if not low < high:
        raise ValueError(f"{low!r} is not before {high!r}.")
    for digits in count(1):
        first, last = whole(low, digits) + 1, whole(high, digits)
        if high[digits:]:  # the prefix of `high` alone is before it
            last += 1
        if first < last:
            return f"{(first + last) // 2:0{digits}x}".rstrip("0")
    raise AssertionError


def whole(key: str, digits: int) -> int:
    """The first digits as a number."""
    return int(key[:digits].ljust(digits, "0"), 16)


def after(key: str) -> str:
    """A key after this one, and before those of rows that are made later: one microsecond on."""
    return f"{whole(key, TIME_DIGITS) + 1:0{TIME_DIGITS}x}8"


def spread(low: str, high: str, number: int) -> list[str]:
    """So many keys between two, at even distances. Raises ValueError unless low < high."""
    if not low < high:
        raise ValueError(f"{low!r} is not before {high!r}.")
    for digits in count(1):
        first, last = whole(low, digits), whole(high, digits)
        if last - first > 16 * (number + 1):
            step = (last - first) // (number + 1)
            return [f"{first + place * step:0{digits}x}8" for place in range(1, number + 1)]
    raise AssertionError
