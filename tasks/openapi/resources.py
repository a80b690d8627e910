"""What the OpenAPI document says about lists, labels, comments, dependencies and saved filters."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema_view
from rest_framework.exceptions import APIException

from taskhub.api.openapi import (
    IF_MATCH,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    PREFER,
    answer_header,
    etag_header,
    invalid,
    operation,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter, IdConflict, PreconditionFailed
from tasks.dependencies import TooManyDependencies
from tasks.models import Status
from tasks.models.dependency import MOST_NEEDS
from tasks.models.label import NameTaken
from tasks.openapi.shared import EXAMPLE_ID, MOVE_EXAMPLES, OTHER_ID, TASK_ID, id_parameter, no_anchor
from tasks.serializers import (
    CommentSerializer,
    DependencySerializer,
    FilterSerializer,
    LabelSerializer,
    ListDetailSerializer,
    ListSerializer,
    MoveSerializer,
    NeedsSerializer,
    NewCommentSerializer,
    NewFilterSerializer,
    NewLabelSerializer,
    NewListSerializer,
)
from tasks.tree import Cycle

OUT_OF_RANGE = BadParameter("limit", "out_of_range", "This must be from 1 to 100.")
TIMES = {"created_at": "2026-11-21T08:30:00.123456Z", "updated_at": "2026-11-21T08:30:00.123456Z", "version": 1}
LIST = {
    "id": EXAMPLE_ID,
    "name": "Home",
    "colour": "#1e90ff",
    "archived": False,
    "position": "643a1b2c3d4e5b0c8",
    **TIMES,
}
LABEL = {"id": EXAMPLE_ID, "name": "urgent", "colour": "#ff4500", **TIMES}
COMMENT = {"id": EXAMPLE_ID, "task": OTHER_ID, "author": "alice", "text": "The shop closes **at six**.", **TIMES}
FILTER = {"id": EXAMPLE_ID, "name": "This week", "query": "status=todo&due_before=2026-12-07&sort=due", **TIMES}


def resource(
    name: str,
    noun: str,
    plural: str,
    shown: Any,
    new: Any,
    example: dict[str, Any],
    sent: dict[str, Any],
    *,
    order: str,
    parameters: tuple[OpenApiParameter, ...] = (),
    list_parameters: tuple[OpenApiParameter, ...] = (),
    problems: tuple[APIException, ...] = (),
    detail: Any = None,
    more: dict[str, Any] | None = None,
    required: str = "name",
) -> dict[str, Any]:
    """The five operations that all of them have."""
    one = [*parameters, id_parameter("id", f"A {noun}")]
    answered = OpenApiExample(f"A {noun}", example, response_only=True)
    behind = PreconditionFailed(4, [required], {**example, "version": 4})
    blank = invalid(required, "blank", "This field may not be blank.")
    single = OpenApiExample(f"A {noun}", {**example, **(more or {})}, response_only=True)
    return {
        "list": operation(
            f"list{name}s",
            f"List {plural}",
            order,
            responses={200: shown(many=True)},
            parameters=[*parameters, *list_parameters],
            problems=[OUT_OF_RANGE, ForeignCursor()],
            examples=[answered],
        ),
        "create": operation(
            f"create{name}",
            f"Create a {noun}",
            "You may choose its `id`, a UUID of any version.",
            request=new,
            responses={201: shown},
            parameters=[*parameters, answer_header("Location", 201, f"The path of the new {noun}."), etag_header(201)],
            problems=[blank, IdConflict(), *problems],
            examples=[OpenApiExample(f"A {noun}", sent, request_only=True), answered],
        ),
        "retrieve": operation(
            f"get{name}",
            f"Read a {noun}",
            "Another user's is not found.",
            responses={200: detail or shown, 304: NOT_MODIFIED},
            parameters=[*one, IF_NONE_MATCH, etag_header(200)],
            examples=[single],
        ),
        "partial_update": operation(
            f"update{name}",
            f"Change a {noun}",
            "A merge patch (RFC 7396).",
            responses={200: shown, 204: None},
            parameters=[*one, IF_MATCH, PREFER, etag_header(200), etag_header(204)],
            problems=[blank, behind, *problems],
            examples=[OpenApiExample("Another one", {required: "Something else"}, request_only=True), answered],
        ),
        "destroy": operation(
            f"delete{name}",
            f"Delete a {noun}",
            "A second call does not find it any more.",
            responses={204: None},
            parameters=[*one, IF_MATCH],
            problems=[behind],
        ),
    }


describe_lists = extend_schema_view(
    **{
        **resource(
            "List",
            "list",
            "your lists",
            ListSerializer,
            NewListSerializer,
            LIST,
            {"name": "Home", "colour": "#1e90ff"},
            order="In the order that you gave them; new ones are the last.",
            list_parameters=(OpenApiParameter("archived", bool, description="Those that are, or are not."),),
            detail=ListDetailSerializer,
            more={"tasks": dict.fromkeys(Status.values, 3)},
        ),
        "move": operation(
            "moveList",
            "Move a list",
            "Before or after another of your lists.",
            request=MoveSerializer,
            responses={200: ListSerializer},
            parameters=[id_parameter("id", "A list"), IF_MATCH, etag_header(200)],
            problems=[no_anchor(), PreconditionFailed(4, ["name"], {**LIST, "version": 4})],
            examples=[*MOVE_EXAMPLES, OpenApiExample("A list", LIST, response_only=True)],
        ),
        "destroy": operation(
            "deleteList",
            "Delete a list",
            "Its tasks are taken out of it (`tasks=move`), or put into the trash (`tasks=delete`). Where there are "
            "more than a thousand, a job does so; the list is gone at once.",
            responses={
                204: None,
                202: OpenApiResponse(
                    {
                        "type": "object",
                        "title": "DeletedList",
                        "required": ["job_id"],
                        "properties": {"job_id": {"type": "string"}},
                    },
                    description="A job is about its tasks.",
                    examples=[OpenApiExample("A job", {"job_id": f"empty_list:{EXAMPLE_ID}"})],
                ),
            },
            parameters=[
                id_parameter("id", "A list"),
                IF_MATCH,
                OpenApiParameter("tasks", enum=["move", "delete"], default="move", description="What becomes of them."),
                answer_header("Location", 202, "The path of the job."),
            ],
            problems=[
                BadParameter("tasks", "invalid_choice", "This must be one of move, delete."),
                PreconditionFailed(4, ["name"], {**LIST, "version": 4}),
            ],
        ),
    }
)
describe_labels = extend_schema_view(
    **resource(
        "Label",
        "label",
        "your labels",
        LabelSerializer,
        NewLabelSerializer,
        LABEL,
        {"name": "urgent", "colour": "#ff4500"},
        order="By name. A label that is renamed or deleted is so in all tasks at once.",
        problems=(NameTaken(),),
    )
)
describe_filters = extend_schema_view(
    **resource(
        "Filter",
        "filter",
        "your filters",
        FilterSerializer,
        NewFilterSerializer,
        FILTER,
        {"name": "This week", "query": "status=todo&due_before=2026-12-07&sort=due"},
        order="Newest first. `GET /tasks?filter={id}` uses one.",
        problems=(invalid("query", "unknown_parameter", "colour: This parameter is unknown."),),
    )
)
describe_comments = extend_schema_view(
    **resource(
        "Comment",
        "comment",
        "the comments on a task",
        CommentSerializer,
        NewCommentSerializer,
        COMMENT,
        {"text": "The shop closes **at six**."},
        order="Newest first.",
        parameters=(id_parameter("task_id", "A task"),),
        required="text",
    )
)
NEEDS = OpenApiExample(
    "A task that has to be done first",
    {"needs": OTHER_ID, "title": "Find a recipe", "status": "todo", "created_at": TIMES["created_at"]},
    response_only=True,
)
describe_dependencies = extend_schema_view(
    list=operation(
        "listDependencies",
        "List what a task needs",
        "The newest first. While one of them is neither done, cancelled nor deleted, the task is `blocked`.",
        responses={200: DependencySerializer(many=True)},
        parameters=[TASK_ID],
        problems=[OUT_OF_RANGE, ForeignCursor()],
        examples=[NEEDS],
    ),
    create=operation(
        "addDependency",
        "Let a task need another",
        f"Up to {MOST_NEEDS}, without cycles. One that is there already is answered with 200.",
        request=NeedsSerializer,
        responses={201: DependencySerializer, 200: DependencySerializer},
        parameters=[TASK_ID],
        problems=[
            invalid("needs", "does_not_exist", "You have no such task."),
            Cycle("/needs", [EXAMPLE_ID, OTHER_ID, EXAMPLE_ID]),
            TooManyDependencies(),
        ],
        examples=[OpenApiExample("Another task", {"needs": OTHER_ID}, request_only=True), NEEDS],
    ),
    destroy=operation(
        "removeDependency",
        "Let a task need another no more",
        "A second call does not find it any more.",
        responses={204: None},
        parameters=[
            TASK_ID,
            OpenApiParameter(
                "needs", OpenApiTypes.UUID, OpenApiParameter.PATH, examples=[OpenApiExample("A task", OTHER_ID)]
            ),
        ],
    ),
)
