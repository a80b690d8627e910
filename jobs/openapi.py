"""What the OpenAPI document says about background jobs."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from jobs.control import Refused
from jobs.models import LONGEST_ID
from jobs.serializers import JobSerializer
from taskhub.api.openapi import IF_NONE_MATCH, NO_BODY, NOT_MODIFIED, UNKNOWN_FIELD, answer_header, operation
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
        "cancel_requested_at": None,
        "progress": None,
        "result": {"sent": True, "message_id": "<0c7b…@taskhub.localhost>"},
        "error": None,
    },
    response_only=True,
)

RETRIED = OpenApiExample(
    "It will be tried again",
    {
        **JOB.value,
        "state": "queued",
        "attempt": 12,
        "max_attempts": 24,
        "finished_at": None,
        "result": None,
    },
    response_only=True,
)
CANCELLED = OpenApiExample(
    "It will not run",
    {**JOB.value, "state": "cancelled", "attempt": 0, "started_at": None, "result": None},
    response_only=True,
    status_codes=[200],
)
ASKED = OpenApiExample(
    "It runs and is asked to stop",
    {
        **JOB.value,
        "state": "running",
        "finished_at": None,
        "cancel_requested_at": "2026-11-21T08:29:00.812345Z",
        "result": None,
    },
    response_only=True,
    status_codes=[202],
)
NOTHING = OpenApiExample("Nothing", {}, request_only=True)
JOB_ID = OpenApiParameter(
    "job_id",
    {"type": "string", "maxLength": LONGEST_ID},
    OpenApiParameter.PATH,
    examples=[OpenApiExample("A welcome mail", JOB.value["job_id"])],
)
CONTROL: dict[str, Any] = {
    "request": NO_BODY,
    "problems": [Refused(), UNKNOWN_FIELD],
}

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
        responses={200: JobSerializer, 304: NOT_MODIFIED},
        parameters=[
            JOB_ID,
            IF_NONE_MATCH,
            answer_header("ETag", 200, "Changes with the job."),
            answer_header("Retry-After", 200, "Seconds; only while it is queued or running.", required=False),
        ],
        examples=[JOB],
    ),
    retry=operation(
        "retryJob",
        "Retry a job",
        "One that failed or needs review, when its kind lets its owner do so. It is queued at once, for as many "
        "further attempts as its kind has. What is in doubt about one that needs review may then happen again.",
        responses={200: JobSerializer},
        parameters=[JOB_ID, answer_header("Retry-After", 200, "Seconds.")],
        examples=[NOTHING, RETRIED],
        **CONTROL,
    ),
    cancel=operation(
        "cancelJob",
        "Cancel a job",
        "When its kind lets its owner do so. A queued one is cancelled at once. A running one is asked to stop, once: "
        "whether it does so, its state will say.",
        responses={200: JobSerializer, 202: JobSerializer},
        parameters=[JOB_ID, answer_header("Retry-After", 202, "Seconds.")],
        examples=[NOTHING, CANCELLED, ASKED],
        **CONTROL,
    ),
)
