"""What the OpenAPI document says about spreadsheets, and what is found in them."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from taskhub.api.openapi import (
    IF_MATCH,
    NOT_MODIFIED,
    answer_header,
    etag_header,
    invalid,
    operation,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter, PreconditionFailed
from tasks.openapi.resources import OUT_OF_RANGE, resource
from tasks.openapi.shared import id_parameter
from tickets.models.source_file import TooManyFiles
from tickets.openapi.shared import (
    CSV_TYPES,
    FILE,
    FINDING,
    IN_A_FILE,
    LATE,
    PLAN_ID,
    by,
)
from tickets.serializers import (
    CsvTypesSerializer,
    FileSerializer,
    FindingSerializer,
)
from tickets.services import BadFile

NAMED = resource(
    "PlanFile",
    "file of a plan",
    "the files of a plan",
    FileSerializer,
    FileSerializer,
    FILE,
    {},
    order="Newest first.",
    parameters=(PLAN_ID,),
)
describe_files = extend_schema_view(
    **{
        **NAMED,
        "create": operation(
            "addPlanFile",
            "Upload a spreadsheet",
            "One CSV file, as it is: up to 2 MiB, 25 of them in a plan. Its type is detected, and can be corrected. "
            "Commas, semicolons and tabs are understood, and UTF-8, UTF-16 and Windows-1252. A file that the plan has "
            "already is answered with 200.",
            request={"text/csv": {"type": "string", "format": "binary"}},
            responses={201: FileSerializer, 200: FileSerializer},
            parameters=[
                PLAN_ID,
                OpenApiParameter(
                    "name",
                    str,
                    required=True,
                    description="Of the file. It says much about its type.",
                    examples=[OpenApiExample("Bundles", "Bundles.csv")],
                ),
                *(answer_header("Location", status, "The path of the file.") for status in (200, 201)),
                *(etag_header(status) for status in (200, 201)),
            ],
            problems=[
                BadFile("no_rows", "The file has a header and no rows."),
                BadParameter("name", "required", "This is the name of the file."),
                TooManyFiles(),
                LATE,
            ],
            examples=[
                OpenApiExample(
                    "A bundle",
                    "Name,Machine name,Type\nNews,news,Content type\n",
                    request_only=True,
                    media_type="text/csv",
                ),
                OpenApiExample("A file", FILE, response_only=True),
            ],
        ),
        "partial_update": operation(
            "updatePlanFile",
            "Correct the type of a file, or declare what it refers to",
            "A merge patch (RFC 7396). The plan has to be checked again.",
            responses={200: FileSerializer, 204: None},
            parameters=[PLAN_ID, id_parameter("id", "A file"), IF_MATCH, etag_header(200), etag_header(204)],
            problems=[
                invalid("type", "invalid_choice", '"books" is not a valid choice.'),
                LATE,
                PreconditionFailed(4, ["csv_type"], {**FILE, "version": 4}),
            ],
            examples=[
                OpenApiExample("Another type", {"type": "user_roles"}, request_only=True),
                OpenApiExample("A file", FILE, response_only=True),
            ],
        ),
        "destroy": operation(
            "deletePlanFile",
            "Delete a file of a plan",
            "A second call does not find it any more. The plan has to be checked again.",
            responses={204: None},
            parameters=[PLAN_ID, id_parameter("id", "A file"), IF_MATCH],
            problems=[LATE, PreconditionFailed(4, ["csv_type"], {**FILE, "version": 4})],
        ),
    }
)
describe_findings = extend_schema_view(
    list=operation(
        "listFindings",
        "List what the check has found",
        "In the order of files and rows. One filter at a time. `format=csv` gives the first 10,000 as a file.",
        responses={
            (200, "application/json"): FindingSerializer(many=True),
            (200, "text/csv"): OpenApiTypes.STR,
        },
        parameters=[
            PLAN_ID,
            OpenApiParameter("severity", enum=["blocking", "warning", "info"], extensions=by("finding_severity")),
            OpenApiParameter("code", str, description="Such as `missing_reference`.", extensions=by("finding_code")),
            OpenApiParameter("file", OpenApiTypes.UUID, extensions=by("finding_file")),
            OpenApiParameter("format", enum=["json", "csv"], default="json"),
        ],
        problems=[
            OUT_OF_RANGE,
            ForeignCursor(),
            BadParameter("code", "conflicting_parameter", "Give one of severity, code, file."),
        ],
        examples=[
            OpenApiExample(
                "A reference that leads nowhere", FINDING, response_only=True, media_type="application/json"
            ),
            OpenApiExample("As a file", IN_A_FILE, response_only=True, media_type="text/csv"),
        ],
    )
)
describe_types: Any = extend_schema_view(
    get=operation(
        "listCsvTypes",
        "List the types of spreadsheet",
        "Which columns each has, how their headers may be spelled, and what the cells may hold.",
        responses={200: CsvTypesSerializer, 304: NOT_MODIFIED},
        parameters=[etag_header(200)],
        examples=[OpenApiExample("A type", CSV_TYPES, response_only=True)],
        auth=[],
    )
)
