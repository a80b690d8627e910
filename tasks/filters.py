"""Which of their tasks clients ask for, and in which order. An index serves each (CONTRACT section 7)."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from django.http import QueryDict

from taskhub.api.problems import BadParameter
from taskhub.api.serializers import INSTANT
from tasks.models import Status

REPEATABLE = frozenset({"status"})
INSTANTS = {"created_after": "created_at >", "created_before": "created_at <"}
EXTERNAL = ("external_source", "external_key")
SORTS = ("-created", "created")
PARAMETERS = frozenset({*REPEATABLE, *INSTANTS, *EXTERNAL, "sort"})


class Wanted(NamedTuple):
    """What TaskQuerySet.rows takes."""

    where: dict[str, Any]
    each_of: tuple[str, Sequence[str]] | None
    ascending: bool


def wanted(query: QueryDict) -> Wanted:
    """Raises BadParameter."""
    where: dict[str, Any] = {INSTANTS[name]: instant(name, str(query[name])) for name in INSTANTS if name in query}
    where |= external(query)
    statuses = sorted({choice("status", status, Status.values) for status in query.getlist("status")})
    if len(statuses) == 1:
        where["status"] = statuses[0]
    each_of = ("status", statuses) if 1 < len(statuses) < len(Status) else None
    return Wanted(where, each_of, choice("sort", query.get("sort", SORTS[0]), SORTS) == "created")


def choice(name: str, value: str, allowed: Sequence[str]) -> str:
    if value not in allowed:
        raise BadParameter(name, "invalid_choice", f"This must be one of {', '.join(allowed)}.")
    return value


def instant(name: str, value: str) -> datetime:
    detail = "This must be an instant such as 2026-12-01T00:00:00Z; in an address, + is written as %2B."
    refused = BadParameter(name, "invalid", detail)
    if not INSTANT.fullmatch(value):
        raise refused
    try:
        return datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise refused from error


def external(query: QueryDict) -> dict[str, str]:
    """Both or neither: a source alone may have any number of tasks, and no index has them in order."""
    found = {name: str(query[name]) for name in EXTERNAL if name in query}
    for name in EXTERNAL:
        if found and name not in found:
            raise BadParameter(name, "required", "Give both external_source and external_key.")
        if "\0" in found.get(name, ""):
            raise BadParameter(name, "invalid", "This may not hold a NUL character.")
    return found
