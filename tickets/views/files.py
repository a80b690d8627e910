"""The spreadsheets of a plan."""

import json
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, MergePatchParser
from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import BadParameter
from taskhub.api.views import caller_of
from tasks.views.resources import ResourceViewSet
from tickets import openapi, services
from tickets.formats import CsvParser
from tickets.models import Plan, PlanEvent, SourceFile, Stage
from tickets.serializers import FileSerializer
from tickets.spreadsheets.detection import level
from tickets.spreadsheets.types import squeezed

LONGEST_NAME = 255


@openapi.describe_files
class FileViewSet(ResourceViewSet):
    queryset = SourceFile.objects.none()
    model = SourceFile
    scope = "plans"
    serializer_class = FileSerializer
    columns = (
        *("id", "name", "csv_type AS type", "confidence", "bytes AS size", "row_count AS rows", "skipped_rows"),
        *("headers", "declared AS references", "notes", "created_at", "updated_at", "version"),
    )

    def get_parsers(self) -> list[Any]:
        """A new file is sent as it is."""
        if self.request and self.request.method == "POST":
            return [CsvParser()]
        return [JSONParser(), MergePatchParser()]

    def query_parameters(self) -> Any:
        names = {"list": CursorPagination.parameters, "create": {"name"}}
        return names.get(str(self.action), ())

    def get_queryset(self) -> Any:
        return SourceFile.objects.owned_by(user_of(self.request)).filter(plan=self.kwargs["plan_id"]).defer("rows")

    def where(self) -> dict[str, Any]:
        return {"plan_id": self.kwargs["plan_id"]}

    def rows(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        found = super().rows(*args, **kwargs)
        for row in found:
            row["confidence"] = level(row["confidence"])
            for name in ("headers", "references", "notes"):
                row[name] = json.loads(row[name])  # Django leaves it to its fields to decode JSON
        return found

    def get_paginated_response(self, data: Any) -> Any:
        services.require_plan(caller_of(self.request), self.kwargs["plan_id"], data)
        return super().get_paginated_response(data)

    def create(self, request: Request, **kwargs: Any) -> HttpResponse:
        plan = services.locked(user_of(request), self.kwargs["plan_id"], Stage.UPLOAD)
        name = request.query_params.get("name", "").strip()
        if not name or len(name) > LONGEST_NAME:
            raise BadParameter("name", "required" if not name else "max_length", "This is the name of the file.")
        body = request.data if isinstance(request.data, bytes) else b""  # without a body there is nothing to parse
        file, new = services.add_file(plan, name, body, actor_of(request), self.caller)
        location = {"Location": reverse("plan-file-detail", args=[plan.pk, file.pk])}
        return answer(request, etag_of(file.version), lambda: FileSerializer(file).data, 201 if new else 200, location)

    def partial_update(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        plan = services.locked(user_of(request), self.kwargs["plan_id"], Stage.UPLOAD)
        file = self.locked(pk)
        serializer = FileSerializer(file, data=request.data, partial=True)
        require_version(request, file, lambda: FileSerializer(file).data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        if "declared" in fields:
            fields["declared"] = self.declared(plan, file, fields["declared"])
        if "csv_type" in fields:
            fields["confidence"] = 1.0
        actor, before = actor_of(request), file.version
        PlanEvent.objects.record(plan, "file_changed", actor, file=str(file.pk), fields=sorted(request.data))
        file.change(actor, **fields)
        if file.version != before:
            plan.edit(files=True)
        return answer(request, etag_of(file.version), lambda: FileSerializer(file).data)

    def declared(self, plan: Plan, file: SourceFile, references: Any) -> list[dict[str, str]]:
        """Raises ValidationError for a column or a file that is not there."""
        headers, files = {squeezed(header) for header in file.headers}, set(plan.files.values_list("pk", flat=True))
        for place, one in enumerate(references):
            if squeezed(one["column"]) not in headers:
                raise wrong(place, "column", "The file has no such column.")
            if one["to"] not in files:
                raise wrong(place, "to", "The plan has no such file.")
        return [{"column": one["column"], "to": str(one["to"])} for one in references]

    def removed(self, request: Request, row: Any) -> HttpResponse:
        plan = services.locked(user_of(request), self.kwargs["plan_id"], Stage.UPLOAD)
        services.remove_file(plan, row, actor_of(request))
        return HttpResponse(status=204)


def wrong(place: int, field: str, detail: str) -> ValidationError:
    return ValidationError({"references": {str(place): {field: ErrorDetail(detail, code="does_not_exist")}}})
