"""What the check of a plan has found."""

import json
from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import BadParameter
from taskhub.api.views import BaseView, caller_of, checks_caller
from taskhub.postgresql.statements import rows_in_order
from tickets import openapi, services
from tickets.formats import written
from tickets.models import Finding
from tickets.serializers import FindingSerializer
from tickets.spreadsheets.entities import SEVERITIES

NAME = "(SELECT name FROM source_file WHERE source_file.id = finding.file_id) AS file_name"
COLUMNS = (
    *("id", "number", "phase", "severity", "code", "file_id AS file", NAME, "ticket_id AS ticket"),
    *("row_number AS row", "header AS column", "value", "message", "suggestions"),
)
IN_FILE = ("severity", "phase", "code", "file_name", "row", "column", "value", "message", "suggestions")
FILTERS = {"severity": "severity", "code": "code", "file": "file_id"}  # an index has each, and no two of them
MOST_IN_FILE = 10_000


class FindingPagination(CursorPagination):
    ordering: tuple[str, ...] = ("number",)
    unbound: frozenset[str] = frozenset({"format"})


@openapi.describe_findings
class FindingViewSet(BaseView, GenericViewSet[Finding]):
    """In the order of files and rows."""

    queryset = Finding.objects.none()
    serializer_class = FindingSerializer
    pagination_class = FindingPagination
    scope = "plans"

    def query_parameters(self) -> Any:
        return {*FindingPagination.parameters, *FILTERS, "format"}

    @checks_caller
    def list(self, request: Request, plan_id: str) -> HttpResponse:
        rows = partial(self.rows, {"plan_id": plan_id, **filters(request)})
        if request.query_params.get("format", "json") == "csv":
            found = rows([], 0, MOST_IN_FILE)
            services.require_plan(caller_of(request), plan_id, found)
            cells = (
                [" | ".join(row[name]) if name == "suggestions" else row[name] for name in IN_FILE] for row in found
            )
            body = "".join(written(IN_FILE, cells))
            headers = {"Content-Disposition": 'attachment; filename="findings.csv"'}
            return HttpResponse(body, "text/csv", headers=headers)
        pages: Any = rows
        page = self.paginate_queryset(pages)
        services.require_plan(caller_of(request), plan_id, page)
        return self.get_paginated_response(page)

    def rows(self, where: Any, position: Any = (), skip: int = 0, count: int = 1) -> Any:
        caller, order = caller_of(self.request), FindingPagination.ordering
        found = rows_in_order(caller, "finding", COLUMNS, where, order, position, skip, count, ascending=True)
        for row in found:
            row["suggestions"] = json.loads(row["suggestions"])  # Django leaves it to its fields to decode JSON
        return found


def filters(request: Request) -> dict[str, Any]:
    """By column. Raises BadParameter."""
    query = request.query_params
    given = [name for name in FILTERS if name in query]
    if len(given) > 1:
        raise BadParameter(given[1], "conflicting_parameter", f"Give one of {', '.join(FILTERS)}.")
    if query.get("format", "json") not in ("json", "csv"):
        raise BadParameter("format", "invalid_choice", "This must be one of json, csv.")
    if "severity" in query and query["severity"] not in SEVERITIES:
        raise BadParameter("severity", "invalid_choice", f"This must be one of {', '.join(SEVERITIES)}.")
    if "file" in query and not is_id(query["file"]):
        raise BadParameter("file", "invalid", "This must be the id of a file.")
    return {FILTERS[name]: query[name] for name in given}


def is_id(value: str) -> bool:
    try:
        return str(UUID(value)) == value.lower()
    except ValueError:
        return False
