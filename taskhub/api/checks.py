"""What `manage.py check --deploy` looks at beyond Django's own checks."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 - Django's name
from django.db import connections

LIMITS = ("RATE_LIMIT_LOGIN_ACCOUNT", "RATE_LIMIT_LOGIN_ADDRESS", "RATE_LIMIT_REGISTER", "RATE_LIMIT_RESET")


@register(Tags.security, deploy=True)
def check_front_door(**_: Any) -> list[CheckMessage]:
    if settings.TRUSTED_PROXIES:
        return []
    hint = "Say how many proxies are in front. Without any, whoever sends slowly keeps a thread (docs/DEPLOYMENT.md)."
    return [Warning("TRUSTED_PROXIES is 0: behind a proxy, all clients have one address.", hint, id="taskhub.W001")]


@register(Tags.security, deploy=True)
def check_limits(**_: Any) -> list[CheckMessage]:
    off = [name for name in LIMITS if not getattr(settings, name)]
    return [Warning(f"{name} is off: whoever guesses is not slowed down.", id="taskhub.W002") for name in off]


@register(Tags.database)
def check_role(databases: Any = None, **_: Any) -> list[CheckMessage]:
    """`manage.py check --database default`, which connects."""
    if "default" not in (databases or ()) or settings.AS_OWNER or not settings.PRODUCTION:
        return []
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user")
        if not cursor.fetchone()[0]:
            return []
    hint = "Set DATABASE_OWNER_URL to it, DATABASE_URL to another role, and run manage.py migrate."
    return [Warning("The role of DATABASE_URL is a superuser.", hint, id="taskhub.W003")]
