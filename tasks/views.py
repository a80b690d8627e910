"""The caller's tasks. Another user's task is not found."""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from events.models import Event
from events.pagination import EventPagination
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, JSONResponse, MergePatchParser
from taskhub.api.pagination import KeysetPagination
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import UUID, BaseView, caller_of, checks_caller
from tasks import filters, openapi
from tasks.batch import Batch, BatchSerializer
from tasks.models import Status, Task, TaskQuerySet
from tasks.serializers import NewTaskSerializer, TaskSerializer

NEW_TASK = NewTaskSerializer()  # one for all requests: it has no state, and is slow to construct


@openapi.describe_tasks
class TaskViewSet(BaseView, GenericViewSet[Task]):
    queryset = Task.objects.none()  # get_queryset() says which; this names the model
    lookup_value_regex = UUID
    parser_classes = (JSONParser, MergePatchParser)
    serializer_class = TaskSerializer
    scope = "tasks"
    ignored_parameters = KeysetPagination.ignored
    repeatable_parameters = filters.REPEATABLE

    def get_queryset(self) -> TaskQuerySet:
        return Task.objects.owned_by(user_of(self.request))

    def query_parameters(self) -> Collection[str]:
        return KeysetPagination.parameters | filters.PARAMETERS if self.action == "list" else self.parameters

    @checks_caller
    def list(self, request: Request) -> HttpResponse:
        where, each_of, ascending = filters.wanted(request.query_params)
        rows: Any = partial(Task.objects.rows, caller_of(request), where, each_of=each_of, ascending=ascending)
        return self.get_paginated_response(self.paginate_queryset(rows))

    @checks_caller
    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        found = Task.objects.one(caller_of(request), pk)
        if found is None:
            raise NotFound
        task, owner_version = found
        return answer(request, etag_of(task["version"], owner_version), lambda: task)

    @checks_caller
    def create(self, request: Request) -> HttpResponse:
        task = Task.new(**NEW_TASK.run_validation(request.data))
        location = {"Location": reverse("task-detail", args=[task.pk])}

        def made(username: str, owner_version: int | str) -> HttpResponse:
            return answer(request, etag_of(task.version, owner_version), lambda: task.shown(username), 201, location)

        return self.insert_once(partial(Task.objects.add, task=task, chosen="id" in request.data), made)

    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        task = self.locked(pk)
        serializer = self.get_serializer(task, data=request.data, partial=True)
        require_version(request, task, lambda: TaskSerializer(task).data)
        serializer.is_valid(raise_exception=True)
        task.change(actor_of(request), **serializer.validated_data)
        return answer(request, etag_of(task.version, task.owner.version), lambda: serializer.data)

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        task = self.locked(pk)
        require_version(request, task, lambda: TaskSerializer(task).data)
        task.remove(actor_of(request))
        return HttpResponse(status=204)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def complete(self, request: Request, pk: str) -> HttpResponse:
        return self.set_status(request, pk, Status.DONE)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def reopen(self, request: Request, pk: str) -> HttpResponse:
        return self.set_status(request, pk, Status.TODO, unless=(Status.TODO, Status.IN_PROGRESS))

    def set_status(self, request: Request, pk: str, status: Status, unless: Collection[str] = ()) -> HttpResponse:
        require_no_fields(request.data)
        task = self.locked(pk)
        require_version(request, task, lambda: TaskSerializer(task).data)
        task.change(actor_of(request), status=task.status if task.status in unless else status)
        return answer(request, etag_of(task.version, task.owner.version), lambda: TaskSerializer(task).data)

    @action(detail=False, methods=["post"], parser_classes=(JSONParser,), longest_kept=16 * 1024 * 1024)
    def batch(self, request: Request) -> JSONResponse:
        sent = BatchSerializer(data=request.data).checked()
        self.count(request, len(sent["operations"]) - 1)
        batch = Batch(user_of(request), sent["operations"])
        return JSONResponse({"results": batch.run(sent["atomic"], request.path)})

    def locked(self, pk: str) -> Task:
        """Raises NotFound."""
        task = self.get_queryset().select_for_update(no_key=True).filter(pk=pk).first()
        if task is None:
            raise NotFound
        task.owner = user_of(self.request)  # known already: saves the statement that would fetch the name
        return task

    @action(detail=True, parameters=EventPagination.parameters, pagination_class=EventPagination)
    @checks_caller
    def events(self, request: Request, pk: str) -> HttpResponse:
        """Also of a task that was deleted. Raises NotFound for one that the caller never had."""
        caller = caller_of(request)
        rows: Any = partial(Event.objects.rows, caller, {"resource_id": pk, "resource": Task.resource})
        page = self.paginate_queryset(rows)
        if not page and not Task.objects.one(caller, pk):
            raise NotFound
        return self.get_paginated_response(page)
