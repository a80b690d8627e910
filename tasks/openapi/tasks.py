"""What the OpenAPI document says about tasks."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiRequest, extend_schema_view
from rest_framework.exceptions import NotFound

from events.serializers import EVENT, EventSerializer
from taskhub.api.openapi import (
    IF_MATCH,
    IF_NONE_MATCH,
    NO_BODY,
    NO_FIELDS_SENT,
    NOT_MODIFIED,
    PREFER,
    UNKNOWN_FIELD,
    answer_header,
    etag_header,
    invalid,
    operation,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter, IdConflict, PreconditionFailed
from tasks.batch import MOST_OPERATIONS, FailedOperation
from tasks.finding.search import TooBroad
from tasks.models.task import ExternalKeyTaken
from tasks.openapi.parameters import COUNT, FILTER_PARAMETERS
from tasks.openapi.shared import MOVE_EXAMPLES, no_anchor
from tasks.serializers import MoveSerializer, NewTaskSerializer, TaskSerializer
from tasks.tree import Cycle, TooDeep

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
        "version": 1,
        "priority": "none",
        "start_date": None,
        "due_date": "2026-12-01",
        "due_at": None,
        "due_timezone": None,
        "external_source": None,
        "external_key": None,
        "list": None,
        "parent": None,
        "label_ids": ["019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0e"],
        "position": "643a1b2c3d4e5b0c8",
        "blocked": False,
        "deleted_at": None,
        "labels": ["shopping"],
        "subtasks": {"total": 4, "done": 1},
    },
    response_only=True,
)
ID = OpenApiParameter(
    "id", OpenApiTypes.UUID, OpenApiParameter.PATH, examples=[OpenApiExample("A task", TASK.value["id"])]
)
BEHIND = PreconditionFailed(4, ["status"], {**TASK.value, "status": "done", "version": 4})
TAKEN = ExternalKeyTaken()
BLANK_TITLE = invalid("title", "blank", "This field may not be blank.")
ID_SCHEMA = {"type": "string", "format": "uuid"}
VERSION_SCHEMA = {"type": "integer", "minimum": 1, "description": "The version that you have seen."}


def one_of(op: str, required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """The schema of an operation of a batch."""
    return {
        "type": "object",
        "title": f"{op.capitalize()}Operation",
        "required": ["op", *required],
        "properties": {"op": {"const": op, "type": "string"}, **required, **optional},
        "additionalProperties": False,
    }


OPERATIONS = [
    one_of("create", {"task": {"$ref": "#/components/schemas/NewTaskRequest"}}),
    one_of(
        "update",
        {"id": ID_SCHEMA, "changes": {"$ref": "#/components/schemas/PatchedTaskRequest"}},
        if_match=VERSION_SCHEMA,
    ),
    one_of("delete", {"id": ID_SCHEMA}, if_match=VERSION_SCHEMA),
]
BATCH = {
    "type": "object",
    "title": "Batch",
    "required": ["operations"],
    "properties": {
        "atomic": {"type": ["boolean", "null"], "default": True},
        "operations": {
            "type": "array",
            "minItems": 1,
            "maxItems": MOST_OPERATIONS,
            "items": {"oneOf": OPERATIONS},
        },
    },
    "additionalProperties": False,
}
BATCH_EXAMPLES = [
    OpenApiExample(
        "Two new tasks",
        {
            "operations": [
                {"op": "create", "task": {"title": "Buy milk"}},
                {"op": "create", "task": {"title": "Buy bread", "status": "done"}},
            ]
        },
        request_only=True,
    ),
    OpenApiExample(
        "Each for itself",
        {
            "atomic": False,
            "operations": [
                {"op": "update", "id": TASK.value["id"], "if_match": 3, "changes": {"status": "done"}},
                {"op": "delete", "id": TASK.value["id"]},
            ],
        },
        request_only=True,
    ),
]
RESULTS = {
    "type": "object",
    "title": "BatchResults",
    "required": ["results"],
    "properties": {
        "results": {
            "type": "array",
            "items": {
                "type": "object",
                "title": "BatchResult",
                "required": ["status"],
                "properties": {
                    "status": {"type": "integer"},
                    "task": {"$ref": "#/components/schemas/Task"},
                    "problem": {"$ref": "#/components/schemas/Problem"},
                },
            },
        },
    },
}


def to_status(operation_id: str, summary: str, description: str) -> Any:
    return operation(
        operation_id,
        summary,
        description,
        request=NO_BODY,
        responses={200: TaskSerializer},
        parameters=[ID, IF_MATCH, etag_header(200)],
        problems=[UNKNOWN_FIELD, BEHIND],
        examples=[NO_FIELDS_SENT, TASK],
    )


describe_tasks = extend_schema_view(
    list=operation(
        "listTasks",
        "List your tasks",
        "Newest first, unless a filter or `sort` says otherwise. Filters all have to hold. Follow "
        "`meta.next_cursor` until it is null: each page costs the same at any depth, and tasks "
        "that come or go meanwhile make no other task come twice or go missing.",
        responses={200: TaskSerializer(many=True)},
        parameters=[
            *FILTER_PARAMETERS,
            answer_header("Deprecation", 200, "Only when `skip` was given (RFC 9745).", required=False),
        ],
        problems=[
            BadParameter("limit", "out_of_range", "This must be from 1 to 100."),
            BadParameter("status", "invalid_choice", "This must be one of todo, in_progress, done, cancelled."),
            TooBroad("label"),
            ForeignCursor(),
        ],
        examples=[TASK],
    ),
    create=operation(
        "createTask",
        "Create a task",
        "It belongs to you; `owner` is accepted and ignored, for clients of the original service. You may choose its "
        "`id`, a UUID of any version.",
        request=NewTaskSerializer,
        responses={201: TaskSerializer},
        parameters=[answer_header("Location", 201, "The path of the new task."), etag_header(201)],
        problems=[BLANK_TITLE, IdConflict(), TAKEN, TooDeep()],
        examples=[
            OpenApiExample("A title is enough", {"title": "Buy milk"}, request_only=True),
            OpenApiExample(
                "All of it",
                {
                    "title": "Buy milk",
                    "description": "Two litres, if there is any.",
                    "status": "in_progress",
                    "priority": "high",
                    "due_at": "2026-12-01T18:30:00+01:00",
                    "due_timezone": "Europe/Vienna",
                    "labels": ["shopping"],
                },
                request_only=True,
            ),
            TASK,
        ],
    ),
    retrieve=operation(
        "getTask",
        "Read a task",
        "Another user's task is not found.",
        responses={200: TaskSerializer, 304: NOT_MODIFIED},
        parameters=[ID, IF_NONE_MATCH, etag_header(200)],
        examples=[OpenApiExample("A task", {**TASK.value, "subtasks": {"total": 4, "done": 1}}, response_only=True)],
    ),
    partial_update=operation(
        "updateTask",
        "Change a task",
        "A merge patch (RFC 7396): what is absent stays as it is, `null` clears the description. What changes nothing "
        "makes no version. A `version` in the body that is behind counts as `If-Match`.",
        responses={200: TaskSerializer, 204: None},
        parameters=[ID, IF_MATCH, PREFER, etag_header(200), etag_header(204)],
        problems=[BLANK_TITLE, BEHIND, TAKEN, Cycle("/parent", [TASK.value["id"], TASK.value["id"]]), TooDeep()],
        examples=[OpenApiExample("It is done", {"status": "done"}, request_only=True), TASK],
    ),
    complete=to_status(
        "completeTask",
        "Complete a task",
        "It is `done` afterwards, and stays as it is if it was. The same as a PATCH of `status`.",
    ),
    reopen=to_status(
        "reopenTask",
        "Reopen a task",
        "One that was `done` or `cancelled` is `todo` afterwards, any other stays as it is.",
    ),
    restore=operation(
        "restoreTask",
        "Take a task out of the trash",
        "Within 30 days, with what was deleted together with it. One that is not in the trash stays as it is. It comes "
        "back without a parent if that is deleted.",
        request=NO_BODY,
        responses={200: TaskSerializer},
        parameters=[ID, IF_MATCH, etag_header(200)],
        problems=[UNKNOWN_FIELD, BEHIND, TAKEN],
        examples=[NO_FIELDS_SENT, TASK],
    ),
    move=operation(
        "moveTask",
        "Move a task",
        "Before or after another of your tasks, in the order of `position`. All your tasks have one order; a list or a "
        "parent shows its part of it.",
        request=MoveSerializer,
        responses={200: TaskSerializer},
        parameters=[ID, IF_MATCH, etag_header(200)],
        problems=[no_anchor(), BEHIND],
        examples=[*MOVE_EXAMPLES, TASK],
    ),
    subtasks=operation(
        "listSubtasks",
        "List the subtasks of a task",
        "Its direct children, by `position`.",
        responses={200: TaskSerializer(many=True)},
        parameters=[ID, COUNT],
        problems=[BadParameter("limit", "out_of_range", "This must be from 1 to 100."), ForeignCursor()],
        examples=[TASK],
    ),
    destroy=operation(
        "deleteTask",
        "Delete a task",
        "It goes into the trash, and what is under it with it, for 30 days. A second call does not find it any more.",
        responses={204: None},
        parameters=[ID, IF_MATCH],
        problems=[BEHIND],
    ),
    batch=operation(
        "changeTasks",
        "Change many tasks",
        f"Up to {MOST_OPERATIONS} operations, done in order, each on what the ones before it left. `atomic`, the "
        "default: all or none, and the first that cannot be done is the answer to the whole. Else each for itself, "
        "with its `problem` in its place.",
        request={"application/json": OpenApiRequest(BATCH, examples=BATCH_EXAMPLES)},
        responses={200: RESULTS},
        problems=[
            FailedOperation(invalid("task", "required", "This field is required."), 0),
            FailedOperation(NotFound(), 1),
            FailedOperation(IdConflict(), 0),
            FailedOperation(BEHIND, 1),
        ],
        examples=[
            OpenApiExample(
                "All done", {"results": [{"status": 201, "task": TASK.value}, {"status": 204}]}, response_only=True
            ),
        ],
    ),
    events=operation(
        "listTaskEvents",
        "List what was done to a task",
        "Newest first, also after the task was deleted. One for each version. Texts in `changes` are cut after 200 "
        "characters. Events are kept for a year.",
        responses={200: EventSerializer(many=True)},
        parameters=[ID],
        problems=[BadParameter("limit", "out_of_range", "This must be from 1 to 100."), ForeignCursor()],
        examples=[EVENT],
    ),
)
