"""Pages of events, newest first."""

from typing import ClassVar

from events.models import ORDER
from taskhub.api.pagination import CursorPagination


class EventPagination(CursorPagination):
    ordering: ClassVar[tuple[str, ...]] = ORDER
