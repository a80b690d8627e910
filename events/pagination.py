"""Pages of events, newest first."""

from typing import ClassVar

from events.models import ORDER
from taskhub.api.pagination import KeysetPagination


class EventPagination(KeysetPagination):
    ordering: ClassVar[tuple[str, ...]] = ORDER
    parameters: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})
