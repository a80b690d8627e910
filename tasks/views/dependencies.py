"""Which of the caller's tasks have to be done before another."""

from collections.abc import Collection
from functools import partial
from typing import Any
from uuid import UUID as ID

from django.http import HttpResponse
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import actor_of, user_of
from taskhub.api.formats import JSONParser, JSONResponse
from taskhub.api.pagination import CursorPagination
from taskhub.api.views import UUID, BaseView, caller_of, checks_caller
from taskhub.postgresql.statements import rows_in_order
from tasks import dependencies, openapi, tree
from tasks.models import Dependency, Task
from tasks.serializers import DependencySerializer, NeedsSerializer

TABLE = """(SELECT task_dependency.*, title, status FROM task_dependency JOIN tasks ON tasks.id = needs_id
    WHERE tasks.deleted_at IS NULL) AS dependency"""
COLUMNS = ("needs_id AS needs", "title", "status", "created_at", "needs_id")
ORDER = ("created_at", "needs_id")


@openapi.describe_dependencies
class DependencyViewSet(BaseView, GenericViewSet[Dependency]):
    queryset = Dependency.objects.none()
    serializer_class = DependencySerializer
    lookup_field = "needs"
    lookup_value_regex = UUID
    parser_classes = (JSONParser,)
    pagination_class = CursorPagination
    scope = "tasks"

    def query_parameters(self) -> Collection[str]:
        return CursorPagination.parameters if self.action == "list" else ()

    @checks_caller
    def list(self, request: Request, task_id: str) -> HttpResponse:
        caller = caller_of(request)
        Task.objects.require(caller, task_id)
        paginator: Any = self.paginator
        paginator.ordering, paginator.hidden = ORDER, frozenset({"needs_id"})
        rows: Any = partial(rows_in_order, caller, TABLE, COLUMNS, {"task_id": task_id}, ORDER)
        return self.get_paginated_response(self.paginate_queryset(rows))

    def create(self, request: Request, task_id: str) -> HttpResponse:
        """201, or 200 for one that is there already."""
        user = user_of(request)
        tree.lock(user.pk)
        if not Task.objects.owned_by(user).filter(pk=task_id).exists():
            raise NotFound
        needed = NeedsSerializer(data=request.data).checked()["needs"]
        both = Task.objects.owned_by(user).filter(pk__in=[task_id, needed]).order_by("pk")
        tasks = {task.pk: task for task in both.select_for_update(no_key=True)}
        if needed not in tasks:
            raise ValidationError({"needs": ErrorDetail("You have no such task.", code="does_not_exist")})
        task, needs = tasks[ID(task_id)], tasks[needed]
        new = dependencies.add(task, needs, actor_of(request))
        known = Dependency.objects.get(owner=user, task=task, needs=needs)
        body = {"needs": needs.pk, "title": needs.title, "status": needs.status, "created_at": known.created_at}
        return JSONResponse(body, 201 if new else 200)

    def destroy(self, request: Request, task_id: str, needs: str) -> HttpResponse:
        user = user_of(request)
        tree.lock(user.pk)
        task = Task.objects.owned_by(user).filter(pk=task_id).select_for_update(no_key=True).first()
        if task is None or not dependencies.remove(task, needs, actor_of(request)):
            raise NotFound
        return HttpResponse(status=204)
