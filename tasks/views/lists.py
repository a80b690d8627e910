"""The caller's lists of tasks."""

from typing import Any
from uuid import UUID

from django.db.models import F
from django.http import HttpResponse
from django.urls import reverse
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from events.models import Event
from jobs.services import enqueue
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, JSONResponse
from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import BadParameter
from tasks import handlers, moving, openapi, tree
from tasks.models import Status, Task, TaskList
from tasks.serializers import ListSerializer, MoveSerializer, NewListSerializer
from tasks.trash import MOST_AT_ONCE
from tasks.views.resources import ResourceViewSet

NAMES = ", ".join(f"'{name}'" for name in Status.values)
COUNTS = f"""(SELECT json_object_agg(name, number) FROM unnest(ARRAY[{NAMES}]) AS name, LATERAL (
    SELECT count(*) AS number FROM (
        SELECT FROM tasks WHERE tasks.owner_id = task_list.owner_id AND list_id = task_list.id AND status = name
            AND tasks.deleted_at IS NULL LIMIT 10000) AS found) AS counted) AS tasks"""  # noqa: S608


@openapi.describe_lists
class ListViewSet(ResourceViewSet):
    """In the order that the caller gave them."""

    queryset = TaskList.objects.none()
    model = TaskList
    serializer_class = ListSerializer
    new_serializer = NewListSerializer
    columns = ("id", "name", "colour", "archived", "position", "created_at", "updated_at", "version")
    order = ("position", "id")
    ascending = True
    only = "deleted_at IS NULL"
    more = (COUNTS,)

    def query_parameters(self) -> Any:
        names = {"list": CursorPagination.parameters | {"archived"}, "destroy": {"tasks"}}
        return names.get(str(self.action), ())

    def filters(self, request: Request) -> dict[str, Any]:
        value = request.query_params.get("archived")
        if value not in (None, "true", "false"):
            raise BadParameter("archived", "invalid_choice", "This must be one of true, false.")
        return {} if value is None else {"archived": value == "true"}

    def etag(self, row: Any) -> str:
        return etag_of(row["version"], "-".join(str(row["tasks"][name]) for name in Status.values))

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def move(self, request: Request, pk: str) -> HttpResponse:
        tree.lock(user_of(request).pk)
        row = self.locked(pk)
        sent = MoveSerializer(data=request.data).checked()
        require_version(request, row, lambda: ListSerializer(row).data)
        moving.move(row, *anchor_of(sent, row, self.get_queryset()), actor_of(request))
        return answer(request, etag_of(row.version), lambda: ListSerializer(row).data)

    def destroy(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        what = request.query_params.get("tasks", "move")
        if what not in ("move", "delete"):
            raise BadParameter("tasks", "invalid_choice", "This must be one of move, delete.")
        user = user_of(request)
        tree.lock(user.pk)
        row = self.locked(pk)
        require_version(request, row, lambda: ListSerializer(row).data)
        there = Task.objects.filter(owner=user, list=row.pk, deleted_at=None).order_by()
        many = there[: MOST_AT_ONCE + 1].count() > MOST_AT_ONCE
        while not many and handlers.empty(row, what, actor_of(request)):
            pass
        TaskList.objects.filter(owner=user, pk=row.pk).update(deleted_at=timezone.now(), version=F("version") + 1)
        payload = {"list_id": str(row.pk), "tasks": what, "actor": user.username}
        job_id = enqueue("empty_list", str(row.pk), payload, owner=user) if many else None
        Event.objects.record([row.removal()], actor_of(request))
        if job_id is None:
            return HttpResponse(status=204)
        return JSONResponse({"job_id": job_id}, 202, {"Location": reverse("job-detail", args=[job_id])})


def anchor_of(sent: dict[str, UUID], row: Any, rows: Any) -> tuple[Any, bool]:
    """What the row is put next to, and whether before it. Raises ValidationError."""
    ((where, pk),) = sent.items()
    anchor = rows.filter(pk=pk).first() if pk != row.pk else None
    if anchor is None:
        raise ValidationError({where: ErrorDetail("There is no such one to be next to.", code="does_not_exist")})
    return anchor, where == "before"
