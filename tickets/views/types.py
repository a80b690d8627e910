"""The types of spreadsheet."""

from dataclasses import asdict
from typing import Any

from django.http import HttpResponseBase
from rest_framework.request import Request

from taskhub.api.formats import JSONResponse
from taskhub.api.views import BaseView, with_etag
from tickets import openapi
from tickets.spreadsheets.types import CsvType, csv_types


@openapi.describe_types
class CsvTypes(BaseView):
    """For everybody: they say nothing about anybody."""

    permission_classes = ()
    authentication_classes = ()

    def get(self, request: Request) -> HttpResponseBase:
        return with_etag(request, JSONResponse({"items": [shown(kind) for kind in csv_types().values()]}))


def shown(kind: CsvType) -> dict[str, Any]:
    columns = [asdict(column) for column in kind.columns]
    references = [{"kind": one.kind, "columns": one.columns, "to": one.to} for one in kind.references]
    described = {"type": kind.key, "label": kind.label, "group": kind.group, "identity": kind.identity}
    return {**described, "columns": columns, "references": references}
