"""What the OpenAPI document says about tasks."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from taskhub.api.openapi import answer_header, invalid, operation
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter
from tasks.serializers import TaskSerializer

TASK = OpenApiExample(
    "A task",
    {
        "id": "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c",
        "title": "Buy milk",
        "description": "Two litres, if there is any.",
        "owner": "alice",
        "status": "todo",
        "completed_at": None,
        "created_at": "2026-11-21T08:30:00.123456Z",
        "updated_at": "2026-11-21T08:30:00.123456Z",
    },
    response_only=True,
)
ID = OpenApiParameter(
    "id", OpenApiTypes.UUID, OpenApiParameter.PATH, examples=[OpenApiExample("A task", TASK.value["id"])]
)
BLANK_TITLE = invalid("title", "blank", "This field may not be blank.")

describe_tasks = extend_schema_view(
    list=operation(
        "listTasks",
        "List your tasks",
        "Newest first. Follow `meta.next_cursor` until it is null: each page costs the same at any depth, and tasks "
        "that come or go meanwhile make no other task come twice or go missing.",
        responses={200: TaskSerializer(many=True)},
        parameters=[answer_header("Deprecation", 200, "Only when `skip` was given (RFC 9745).", required=False)],
        problems=[BadParameter("limit", "out_of_range", "This must be from 1 to 100."), ForeignCursor()],
        examples=[TASK],
    ),
    create=operation(
        "createTask",
        "Create a task",
        "It belongs to you; `owner` is accepted and ignored, for clients of the original service.",
        responses={201: TaskSerializer},
        parameters=[answer_header("Location", 201, "The path of the new task.")],
        problems=[BLANK_TITLE],
        examples=[
            OpenApiExample("A title is enough", {"title": "Buy milk"}, request_only=True),
            OpenApiExample(
                "All of it",
                {"title": "Buy milk", "description": "Two litres, if there is any.", "status": "in_progress"},
                request_only=True,
            ),
            TASK,
        ],
    ),
    retrieve=operation(
        "getTask",
        "Read a task",
        "Another user's task is not found.",
        responses=TaskSerializer,
        parameters=[ID],
        examples=[TASK],
    ),
    partial_update=operation(
        "updateTask",
        "Change a task",
        "A merge patch (RFC 7396): what is absent stays as it is, `null` clears the description. An empty one changes "
        "nothing.",
        responses=TaskSerializer,
        parameters=[ID],
        problems=[BLANK_TITLE],
        examples=[OpenApiExample("It is done", {"status": "done"}, request_only=True), TASK],
    ),
    destroy=operation(
        "deleteTask",
        "Delete a task",
        "For good. A second call does not find it any more.",
        responses={204: None},
        parameters=[ID],
    ),
)
