"""The caller's tasks. Another user's task is not found."""

from collections.abc import Collection, Mapping
from functools import partial
from typing import Any
from uuid import UUID

from django.db import transaction
from django.http import HttpResponse, QueryDict
from django.urls import reverse
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet
from uuid_utils.compat import uuid7

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from events.models import Actor, Event, Via
from events.pagination import EventPagination
from taskhub.api import idempotency
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, JSONResponse, MergePatchParser
from taskhub.api.pagination import CursorPagination, KeysetPagination
from taskhub.api.problems import BadParameter
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import UUID as UUID_PATTERN
from taskhub.api.views import BaseView, caller_of, checks_caller
from tasks import moving, openapi, trash, tree
from tasks.batch import Batch, BatchSerializer
from tasks.finding import parameters as filters
from tasks.finding import search
from tasks.models import SavedFilter, Status, Task
from tasks.models.task import NAMES, TaskQuerySet
from tasks.references import REFERRING, References, needs_tree, refers
from tasks.serializers import MoveSerializer, NewTaskSerializer, TaskSerializer
from tasks.views.lists import anchor_of

OF_LISTS = frozenset({"filter", "count"})
NEW_TASK = NewTaskSerializer()  # one for all requests: it has no state, and is slow to construct


@openapi.describe_tasks
class TaskViewSet(BaseView, GenericViewSet[Task]):
    queryset = Task.objects.none()  # get_queryset() says which; this names the model
    lookup_value_regex = UUID_PATTERN
    parser_classes = (JSONParser, MergePatchParser)
    serializer_class = TaskSerializer
    scope = "tasks"
    ignored_parameters = KeysetPagination.ignored
    repeatable_parameters = filters.REPEATABLE

    def get_queryset(self) -> TaskQuerySet:
        return Task.objects.owned_by(user_of(self.request))

    def query_parameters(self) -> Collection[str]:
        if self.action == "list":
            return KeysetPagination.parameters | filters.PARAMETERS | OF_LISTS
        return CursorPagination.parameters | {"count"} if self.action == "subtasks" else self.parameters

    @checks_caller
    def list(self, request: Request) -> HttpResponse:
        return self.found(request, self.query(request))

    @action(detail=True)
    @checks_caller
    def subtasks(self, request: Request, pk: str) -> HttpResponse:
        """Raises NotFound."""
        Task.objects.require(caller_of(request), pk)
        return self.found(request, QueryDict(f"parent={pk}&sort=position"))

    def query(self, request: Request) -> QueryDict:
        """With what a saved filter says, of which the request may name something else. Raises BadParameter."""
        query: QueryDict = request.query_params
        if "filter" not in query:
            return query
        pk = filters.identifier("filter", str(query["filter"]))
        found = SavedFilter.objects.filter(owner=UUID(caller_of(request).pk), pk=pk)
        saved = found.values_list("query", flat=True).first()
        if saved is None:
            raise BadParameter("filter", "does_not_exist", "You have no such filter.")
        merged = QueryDict(saved, mutable=True)
        for name, values in query.lists():
            if name != "filter":
                merged.setlist(name, values)
        return merged

    def found(self, request: Request, query: QueryDict) -> HttpResponse:
        caller = caller_of(request)
        paginator: Any = self.paginator
        wanted = filters.wanted(query, filters.Asker(caller.pk, lambda: str(caller.look_up().time_zone)))
        paginator.ordering, paginator.filters, paginator.unbound = wanted.sort.columns, query, OF_LISTS
        paginator.hidden = frozenset(wanted.sort.columns) - frozenset(NAMES)
        counted = filters.choice("count", request.query_params.get("count", "false"), ("true", "false")) == "true"
        rows: Any = partial(search.tasks, caller, wanted)
        page = self.paginate_queryset(rows) or []
        Task.objects.finished(caller.pk, page)
        if counted:
            number, capped = search.count(caller, wanted)
            paginator.more = {"count": number, "count_capped": capped}
        return self.get_paginated_response(page)

    @checks_caller
    def retrieve(self, request: Request, pk: str) -> HttpResponse:
        found = Task.objects.one(caller_of(request), pk)
        if found is None:
            raise NotFound
        task, others = found
        return answer(request, etag_of(task["version"], *others), lambda: task)

    @checks_caller
    def create(self, request: Request) -> HttpResponse:
        fields = NEW_TASK.run_validation(request.data)
        if refers(fields):
            return self.create_with_references(request, fields)
        task = Task.new(**fields)
        return self.insert_once(partial(task.insert, chosen="id" in request.data), partial(self.made, request, task))

    def create_with_references(self, request: Request, fields: dict[str, Any]) -> HttpResponse:
        """Several statements in a transaction: what is named is looked up before, labels are made."""
        sent, self.sent = self.sent, None
        handler = partial(self.create_in_transaction, fields=fields)
        if sent is None:
            with transaction.atomic():
                return handler(request)
        return idempotency.once(self.caller, sent, self.longest_kept, handler, request)

    def create_in_transaction(self, request: Request, fields: dict[str, Any]) -> HttpResponse:
        user = self.caller.look_up()
        self.caller.checked = True
        if needs_tree(fields):
            tree.lock(user.pk)
        pk = fields.setdefault("id", uuid7())
        references = References(user.pk, [(pk, fields)])
        task = Task.new(owner=user, **references.resolve(pk, fields))
        added = task.insert(self.caller, chosen="id" in request.data)
        Event.objects.record(references.events, Actor(user.username, Via.API))
        return self.made(request, task, *added)

    def made(self, request: Request, task: Task, username: str, owner_version: int | str) -> HttpResponse:
        location = {"Location": reverse("task-detail", args=[task.pk])}
        etag = etag_of(task.version, owner_version, *task.more_of_etag)
        return answer(request, etag, lambda: task.shown(username), 201, location)

    def partial_update(self, request: Request, pk: str) -> HttpResponse:
        if isinstance(request.data, Mapping) and (request.data.get("parent") or request.data.get("list")):
            tree.lock(user_of(request).pk)
        task = self.locked(pk)
        serializer = self.get_serializer(task, data=request.data, partial=True)
        require_version(request, task, task.as_owner_sees)
        serializer.is_valid(raise_exception=True)
        fields, events = dict(serializer.validated_data), []
        if fields.keys() & REFERRING:
            references = References(task.owner_id, [(task.pk, fields)])
            fields, events = references.resolve(task.pk, fields), references.events
        task.change(actor_of(request), events, **fields)
        return self.answered(request, task)

    def answered(self, request: Request, task: Task) -> HttpResponse:
        etag = etag_of(task.version, task.owner.version, *task.more_of_etag)
        return answer(request, etag, task.as_owner_sees)

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        tree.lock(user_of(request).pk)
        task = self.locked(pk)
        require_version(request, task, task.as_owner_sees)
        trash.remove(task.owner_id, [task.pk], actor_of(request))
        return HttpResponse(status=204)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def restore(self, request: Request, pk: str) -> HttpResponse:
        user = user_of(request)
        tree.lock(user.pk)
        task = self.locked(pk, Task.objects.filter(owner=user))
        require_no_fields(request.data)
        require_version(request, task, task.as_owner_sees)
        trash.restore(task, actor_of(request))
        return self.answered(request, self.locked(pk))

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def move(self, request: Request, pk: str) -> HttpResponse:
        tree.lock(user_of(request).pk)
        task = self.locked(pk)
        sent = MoveSerializer(data=request.data).checked()
        require_version(request, task, task.as_owner_sees)
        moving.move(task, *anchor_of(sent, task, self.get_queryset()), actor_of(request))
        return self.answered(request, task)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def complete(self, request: Request, pk: str) -> HttpResponse:
        return self.set_status(request, pk, Status.DONE)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def reopen(self, request: Request, pk: str) -> HttpResponse:
        return self.set_status(request, pk, Status.TODO, unless=(Status.TODO, Status.IN_PROGRESS))

    def set_status(self, request: Request, pk: str, status: Status, unless: Collection[str] = ()) -> HttpResponse:
        require_no_fields(request.data)
        task = self.locked(pk)
        require_version(request, task, task.as_owner_sees)
        task.change(actor_of(request), status=task.status if task.status in unless else status)
        return self.answered(request, task)

    @action(detail=False, methods=["post"], parser_classes=(JSONParser,), longest_kept=16 * 1024 * 1024)
    def batch(self, request: Request) -> JSONResponse:
        sent = BatchSerializer(data=request.data).checked()
        self.count(request, len(sent["operations"]) - 1)
        batch = Batch(user_of(request), sent["operations"])
        return JSONResponse({"results": batch.run(sent["atomic"], request.path)})

    def locked(self, pk: str, tasks: TaskQuerySet | None = None) -> Task:
        """Raises NotFound."""
        found = (self.get_queryset() if tasks is None else tasks).select_for_update(no_key=True).filter(pk=pk)
        task = next(iter(found), None)  # first() would sort
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
