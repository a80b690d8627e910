"""What the OpenAPI document says about background jobs."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema_view
from rest_framework import serializers

from jobs.models import LONGEST_ID, Outcome, State
from taskhub.api.openapi import answer_header, operation
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter

JOB = OpenApiExample(
    "A welcome mail that was sent",
    {
        "job_id": "welcome_email:019ab3c2-11aa-7c55-9d3e-0a1b2c3d4e5f",
        "kind": "welcome_email",
        "state": "succeeded",
        "attempt": 1,
        "max_attempts": 12,
        "created_at": "2026-11-21T08:29:00.654321Z",
        "run_at": "2026-11-21T08:29:00.654321Z",
        "started_at": "2026-11-21T08:29:00.671002Z",
        "finished_at": "2026-11-21T08:29:00.912345Z",
        "result": {"sent": True, "message_id": "<0c7b…@taskhub.localhost>"},
        "error": None,
    },
    response_only=True,
)

ERROR_CODES = [code for code in Outcome.values if code != Outcome.SUCCEEDED]


class JobErrorSerializer(serializers.Serializer[Any]):
    code = serializers.ChoiceField(ERROR_CODES)
    detail = serializers.CharField(help_text="A sentence for people.")


class JobSerializer(serializers.Serializer[Any]):
    job_id = serializers.CharField(max_length=LONGEST_ID, help_text="`<kind>:<key>`: the same event, the same job.")
    kind = serializers.CharField(max_length=60)
    state = serializers.ChoiceField(State.choices)
    attempt = serializers.IntegerField(min_value=0, help_text="How often it was tried.")
    max_attempts = serializers.IntegerField(min_value=1)
    created_at = serializers.DateTimeField()
    run_at = serializers.DateTimeField(help_text="Not before.")
    started_at = serializers.DateTimeField(allow_null=True, help_text="Of the latest attempt.")
    finished_at = serializers.DateTimeField(allow_null=True)
    result = serializers.JSONField(help_text="What the kind of job gives, null until then.")
    error = JobErrorSerializer(allow_null=True, help_text="Of the latest attempt that failed.")


describe_jobs = extend_schema_view(
    list=operation(
        "listJobs",
        "List your jobs",
        "What is done for you in the background, newest first.",
        responses={200: JobSerializer(many=True)},
        parameters=[
            OpenApiParameter(
                "kind", {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,59}$"}, description="Only these."
            ),
            OpenApiParameter(
                "state", {"$ref": "#/components/schemas/JobState"}, description="Only those in this state."
            ),
        ],
        problems=[BadParameter("limit", "out_of_range", "This must be from 1 to 100."), ForeignCursor()],
        examples=[JOB],
    ),
    retrieve=operation(
        "getJob",
        "Read a job",
        "To wait for it, ask again after `Retry-After` seconds, with the `ETag` in `If-None-Match`.",
        responses={200: JobSerializer, 304: OpenApiResponse(description="As it was when that `ETag` was given.")},
        parameters=[
            OpenApiParameter(
                "job_id",
                {"type": "string", "maxLength": LONGEST_ID},
                OpenApiParameter.PATH,
                examples=[OpenApiExample("A welcome mail", JOB.value["job_id"])],
            ),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description="RFC 9110 section 13.1.2."),
            answer_header("ETag", 200, "Changes with the job."),
            answer_header("Retry-After", 200, "Seconds; only while it is queued or running.", required=False),
        ],
        examples=[JOB],
    ),
)
