"""The caller's tasks. Another user's task is not found."""

from collections.abc import Collection
from functools import partial
from typing import Any

from django.db import transaction
from django.http import HttpResponse
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import user_of
from taskhub.api.formats import JSONParser, JSONResponse, MergePatchParser
from taskhub.api.pagination import KeysetPagination
from taskhub.api.views import BaseView, caller_of, checks_caller
from tasks import openapi
from tasks.models import Task, TaskQuerySet
from tasks.serializers import TaskSerializer

NEW_TASK = TaskSerializer()  # one for all requests: it has no state, and is slow to construct


@openapi.describe_tasks
class TaskViewSet(BaseView, GenericViewSet[Task]):
    queryset = Task.objects.none()  # get_queryset() says which; this names the model
    lookup_value_regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    parser_classes = (JSONParser, MergePatchParser)
    serializer_class = TaskSerializer
    ignored_parameters = KeysetPagination.ignored

    def get_queryset(self) -> TaskQuerySet:
        return Task.objects.owned_by(user_of(self.request))

    def query_parameters(self) -> Collection[str]:
        return KeysetPagination.parameters if self.action == "list" else self.parameters

    @checks_caller
    def list(self, request: Request) -> HttpResponse:
        rows: Any = partial(Task.objects.rows, caller_of(request), {})  # what the paginator takes instead of a queryset
        return self.get_paginated_response(self.paginate_queryset(rows))

    @checks_caller
    def retrieve(self, request: Request, pk: str) -> JSONResponse:
        rows = Task.objects.rows(caller_of(request), {"id": pk})
        if not rows:
            raise NotFound
        return JSONResponse(rows[0])

    @checks_caller
    def create(self, request: Request) -> JSONResponse:
        task = Task.objects.add(caller_of(request), **NEW_TASK.run_validation(request.data))
        return JSONResponse(task, status=201, headers={"Location": reverse("task-detail", args=[task["id"]])})

    @transaction.atomic
    def partial_update(self, request: Request, pk: str) -> JSONResponse:
        task = self.get_queryset().select_for_update(no_key=True).filter(pk=pk).first()
        if task is None:
            raise NotFound
        task.owner = user_of(request)  # known already: saves the statement that would fetch the name
        serializer = self.get_serializer(task, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return JSONResponse(serializer.data)

    @transaction.atomic
    def destroy(self, request: Request, pk: str) -> HttpResponse:
        deleted, _ = self.get_queryset().filter(pk=pk).delete()
        if not deleted:
            raise NotFound
        return Response(status=204)
