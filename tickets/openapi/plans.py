"""What the OpenAPI document says about plans."""

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from taskhub.api.openapi import (
    IF_MATCH,
    NO_BODY,
    NO_FIELDS_SENT,
    answer_header,
    etag_header,
    operation,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import PreconditionFailed
from tasks.openapi.resources import OUT_OF_RANGE, resource
from tasks.openapi.shared import id_parameter
from tickets.models import Stage
from tickets.openapi.shared import (
    BEGUN,
    CHECK,
    CHECKED,
    EVENT,
    LATE,
    LOST,
    PLAN,
    STEP,
    STEP_PROBLEMS,
    by,
)
from tickets.runs import NotReady
from tickets.serializers import (
    BackSerializer,
    CheckedSerializer,
    LostSerializer,
    NewPlanSerializer,
    PlanDetailSerializer,
    PlanEventSerializer,
    PlanSerializer,
    ValidatedSerializer,
)

describe_plans = extend_schema_view(
    **{
        **resource(
            "Plan",
            "plan",
            "your plans",
            PlanSerializer,
            NewPlanSerializer,
            PLAN,
            {"site_name": "Museum of the town", "site_description": "The new site of the museum."},
            order="Newest first.",
            list_parameters=(
                OpenApiParameter(
                    "stage", enum=Stage.values, description="Those that are there.", extensions=by("plan_stage_created")
                ),
            ),
            detail=PlanDetailSerializer,
            more={
                "job": None,
                "validated": False,
                "tickets": {"total": 0, "ready": 0, "exported": 0},
                "files": 11,
                "rows": 898,
                "check": CHECK,
            },
            required="site_name",
        ),
        "check": operation(
            "checkPlan",
            "Check the files of a plan",
            "Each by itself, and then what they name in each other: every error is told, in "
            "`GET /plans/{id}/findings`. Where there are more than 2,000 rows, a job does so (202).",
            request=NO_BODY,
            responses={200: CheckedSerializer, 202: BEGUN},
            parameters=[id_parameter("id", "A plan"), IF_MATCH, answer_header("Location", 202, "The path of the job.")],
            problems=[LATE, PreconditionFailed(4, ["site_name"], {**PLAN, "version": 4})],
            examples=[NO_FIELDS_SENT, OpenApiExample("Findings", CHECKED, response_only=True, status_codes=["200"])],
        ),
        "generate": operation(
            "generateTickets",
            "Generate the tickets of a plan",
            "Once everything that is blocking is repaired. A job does so; asked for again, it is the same job.",
            request=NO_BODY,
            responses={202: BEGUN},
            parameters=STEP,
            problems=[NotReady({"not_checked": "The plan has not been checked since it was changed."}), *STEP_PROBLEMS],
            examples=[NO_FIELDS_SENT],
        ),
        "validate": operation(
            "validatePlan",
            "Look whether each ticket can become a task",
            "What cannot is among the findings. Has to be repeated when a text or a dependency was changed.",
            request=NO_BODY,
            responses={200: ValidatedSerializer},
            parameters=[id_parameter("id", "A plan"), IF_MATCH],
            problems=STEP_PROBLEMS,
            examples=[
                NO_FIELDS_SENT,
                OpenApiExample(
                    "All can", {"ok": True, "blocking": 0, "warnings": 0, "tickets": 223}, response_only=True
                ),
            ],
        ),
        "export": operation(
            "exportPlan",
            "Make tasks of the tickets",
            "Once all are ready and validated. A job does so, what others need first; each ticket and its task are "
            "committed together. Asked for again, it is the same job.",
            request=NO_BODY,
            responses={202: BEGUN},
            parameters=STEP,
            problems=[NotReady({"not_all_ready": "3 tickets are not marked as ready."}), *STEP_PROBLEMS],
            examples=[NO_FIELDS_SENT],
        ),
        "retry": operation(
            "retryPlan",
            "Go on with what has failed",
            "Another job takes the place of the one that generates or exports, and goes on where that stopped.",
            request=NO_BODY,
            responses={202: BEGUN},
            parameters=STEP,
            problems=STEP_PROBLEMS,
            examples=[NO_FIELDS_SENT],
        ),
        "cancel": operation(
            "cancelPlan",
            "Stop generating or exporting",
            "What was generated is deleted, and the plan is at `upload` again. Tasks that were made stay, and the "
            "plan is at `review` again.",
            request=NO_BODY,
            responses={200: PlanSerializer},
            parameters=[id_parameter("id", "A plan"), IF_MATCH, etag_header(200)],
            problems=STEP_PROBLEMS,
            examples=[NO_FIELDS_SENT, OpenApiExample("A plan", PLAN, response_only=True)],
        ),
        "back": operation(
            "previewBack",
            "See what going back would delete",
            "From `review` to `upload`.",
            responses={200: LostSerializer},
            parameters=[id_parameter("id", "A plan")],
            problems=[LATE],
            examples=[OpenApiExample("Tickets", LOST, response_only=True)],
        ),
        "events": operation(
            "listPlanEvents",
            "List what was done with a plan",
            "Newest first, for 90 days, also when the plan was deleted.",
            responses={200: PlanEventSerializer(many=True)},
            parameters=[id_parameter("id", "A plan")],
            problems=[OUT_OF_RANGE, ForeignCursor()],
            examples=[OpenApiExample("A file was added", EVENT, response_only=True)],
        ),
    }
)

describe_going_back = operation(
    "goBack",
    "Go back to the files",
    "From `review` to `upload`. The tickets are deleted: `confirm` has to say how many, as the preview does.",
    request=BackSerializer,
    responses={200: PlanSerializer},
    parameters=[id_parameter("id", "A plan"), IF_MATCH, etag_header(200)],
    problems=STEP_PROBLEMS,
    examples=[
        OpenApiExample("As the preview says", {"confirm": LOST}, request_only=True),
        OpenApiExample("A plan", PLAN, response_only=True),
    ],
)
