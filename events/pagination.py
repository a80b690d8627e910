"""Pages of events, newest first."""

from events.models import ORDER
from taskhub.api.pagination import CursorPagination


class EventPagination(CursorPagination):
    ordering: tuple[str, ...] = ORDER
