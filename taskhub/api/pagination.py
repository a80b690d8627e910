"""Pages that cost the same at any depth: each begins where the last one ended, found by its index."""

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate
from typing import Any, ClassVar

from django.core import signing
from django.http import QueryDict
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.views import APIView

from taskhub.api.formats import JSONResponse, to_json
from taskhub.api.problems import BadParameter

# Takes a position, how many rows to skip and how many to read; returns dicts that include the columns of `ordering`
ReadRows = Callable[[Sequence[str], int, int], list[dict[str, Any]]]
WHOLE_NUMBER = re.compile(r"[0-9]+")
DEPRECATED_SINCE = "@1795219200"  # RFC 9745: `skip`, as of 2026-11-21


class ForeignCursor(BadParameter):
    def __init__(self) -> None:
        super().__init__("cursor", "invalid_cursor", "This cursor does not belong to this list.")


class KeysetPagination(BasePagination):
    """Newest first. Instead of a queryset it takes a function that reads rows after a position (ReadRows).

    A cursor is the position of the last row of a page, signed together with owner, list and filters; it never expires.
    """

    parameters: ClassVar[frozenset[str]] = frozenset({"limit", "cursor", "skip", "offset"})
    ignored: ClassVar[frozenset[str]] = frozenset({"offset"})
    ordering: tuple[str, ...] = ("created_at", "id")
    hidden: frozenset[str] = frozenset()  # columns of the ordering that clients do not see
    filters: QueryDict | None = None  # those that are meant, if the query says it in another way
    unbound: frozenset[str] = frozenset()  # parameters that a cursor does not depend on
    default_limit = 20
    max_limit = 100
    max_skip = 10_000
    largest = 1024 * 1024  # bytes of a page, about

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any]:
        """`queryset` is a ReadRows."""
        self.signer = signing.Signer(sep=".", salt=self.binding(request, view))
        self.limit = bounded(request.query_params, "limit", self.default_limit, 1, self.max_limit)
        self.headers: dict[str, str] = {}
        self.more: dict[str, Any] = {}  # in `meta`
        self.skip = self.read_skip(request.query_params)
        cursor = request.query_params.get("cursor")
        position = [] if cursor is None else self.position(cursor)
        rows: list[Any] = queryset(position, self.skip, self.limit + 1)  # one more shows whether another page follows
        self.has_more = len(rows) > self.limit
        rows = rows[: self.limit]  # nothing of them is kept: view and request are a cycle, which is collected late
        self.next_cursor = self.cursor(rows[-1]) if self.has_more else None
        return rows

    def get_paginated_response(self, data: Any) -> Any:
        page = self.page(data)
        if len(page.content) > self.largest:  # rare, so rows are not measured otherwise
            sizes = accumulate(len(to_json(row)) for row in data)
            fitting = max(1, sum(size <= self.largest for size in sizes))
            if fitting < len(data):
                self.has_more, self.next_cursor = True, self.cursor(data[fitting - 1])
                return self.page(data[:fitting])
        return page

    def page(self, data: Any) -> JSONResponse:
        meta = {"limit": self.limit, "has_more": self.has_more, "next_cursor": self.next_cursor, **self.more}
        if self.hidden:
            data = [{name: value for name, value in row.items() if name not in self.hidden} for row in data]
        return JSONResponse({"items": data, "meta": meta}, headers=self.headers)

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        """For the OpenAPI document."""
        described: dict[str, dict[str, Any]] = {
            "limit": {
                "description": "Rows of the page.",
                "schema": {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit},
            },
            "cursor": {
                "description": "`meta.next_cursor` of the page before, as it is; the first page has none. Good for one "
                "list with its filters, for ever.",
                "schema": {"type": "string"},
            },
            "skip": {
                "description": "Rows to pass over, for older clients. Not together with `cursor`.",
                "schema": {"type": "integer", "minimum": 0, "maximum": self.max_skip},
                "deprecated": True,
            },
            "offset": {"description": "Ignored.", "schema": {"type": "string"}, "deprecated": True},
        }
        return [{"name": name, "in": "query", **described[name]} for name in described if name in self.parameters]

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        """For the OpenAPI document."""
        example = {"limit": self.default_limit, "has_more": True, "next_cursor": "WyIyMDI2LTExLTIxIl0.Zm9yIGV4YW1wbGU"}
        meta = {"$ref": "#/components/schemas/PageMeta", "example": example}
        return {"type": "object", "required": ["items", "meta"], "properties": {"items": schema, "meta": meta}}

    def binding(self, request: Request, view: APIView | None) -> str:
        """What a cursor is bound to: list, order, owner and filters."""
        query = request.query_params if self.filters is None else self.filters
        given = (item for item in query.lists() if item[0] not in {*self.parameters, *self.unbound})
        filters = sorted((name, values[0] if len(values) == 1 else sorted(values)) for name, values in given)
        name, action = getattr(view, "basename", None), getattr(view, "action", "list")
        name = name if action == "list" else f"{name}-{action}"
        return f"cursor:{name}:{self.ordering}:{request.user.pk}:{filters}"

    def cursor(self, row: Mapping[str, Any]) -> str:
        position = [str(row[column]) for column in self.ordering]
        return self.signer.sign_object(position)

    def position(self, cursor: str) -> list[str]:
        try:
            position: list[str] = self.signer.unsign_object(cursor)
        except signing.BadSignature as error:
            raise ForeignCursor from error
        return position

    def read_skip(self, query: Mapping[str, str]) -> int:
        """The `skip` of older clients: rows to skip, which costs more the larger it is."""
        if "skip" not in query:
            return 0
        if "cursor" in query:
            raise BadParameter("skip", "conflicting_parameter", "Give either cursor or skip.")
        self.headers = {"Deprecation": DEPRECATED_SINCE}
        return bounded(query, "skip", 0, 0, self.max_skip, "To go further, follow next_cursor with cursor.")


class CursorPagination(KeysetPagination):
    """Without what only the oldest list takes."""

    parameters: ClassVar[frozenset[str]] = frozenset({"limit", "cursor"})


def bounded(query: Mapping[str, str], name: str, default: int, low: int, high: int, hint: str = "") -> int:
    """An integer query parameter from `low` to `high`, both included. Raises BadParameter."""
    value = query.get(name)
    if value is None:
        return default
    if not WHOLE_NUMBER.fullmatch(value):
        raise BadParameter(name, "invalid", "This must be a whole number.")
    if len(value) > 9 or not low <= int(value) <= high:
        raise BadParameter(name, "out_of_range", f"This must be from {low} to {high}. {hint}".rstrip())
    return int(value)
