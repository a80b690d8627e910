"""What the accounts app requires of the database."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, Tags, register
from django.db import connection

PROBE = "SELECT lower('\u00c4\u0416') = '\u00e4\u0436'"


@register(Tags.database)
def letters_beyond_ascii_have_two_cases(
    app_configs: Any, databases: Sequence[str] | None, **_: Any
) -> list[CheckMessage]:
    """`manage.py migrate` runs this. Usernames are unique without regard to case by the database's own lower()."""
    if not databases:
        return []
    with connection.cursor() as cursor:
        cursor.execute(PROBE)
        if cursor.fetchone()[0]:
            return []
    hint = "CREATE DATABASE ... LOCALE 'C.UTF-8' TEMPLATE template0"
    return [
        Error("The locale of the database has no upper and lower case beyond ASCII.", hint=hint, id="accounts.E001")
    ]
