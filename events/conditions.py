"""Changes on condition: a client says which version it has seen, and is told what it missed (CONTRACT section 4)."""

from collections.abc import Callable, Mapping
from typing import Any

from rest_framework.request import Request

from events.models import Event, Versioned
from taskhub.api.conditions import wanted_versions
from taskhub.api.problems import PreconditionFailed


def require_version(request: Request, row: Versioned, shown: Callable[[], Any]) -> None:
    """Raises PreconditionFailed unless the row, which the caller has locked, is as If-Match or a `version` in the body
    of the request says. Raises BadHeader. `shown` makes what the answer holds of the present resource.
    """
    wanted = wanted_versions(request)
    if wanted is not None and row.version not in wanted:
        raise Behind(row, min((version for version in wanted if version), default=None), shown)
    if request.method == "PATCH" and isinstance(request.data, Mapping):
        require_not_behind(request.data.get("version"), row, shown)


def require_not_behind(version: Any, row: Versioned, shown: Callable[[], Any]) -> None:
    """For a `version` in an object that was read, changed and sent back. One that is ahead is refused as read-only."""
    if type(version) is int and 0 < version < row.version:
        raise Behind(row, version, shown)


class Behind(PreconditionFailed):
    def __init__(self, row: Versioned, seen: int | None, shown: Callable[[], Any]) -> None:
        changed = Event.objects.changed_fields(row, seen) if seen else None
        super().__init__(current_version=row.version, changed_fields=changed, current=shown())
