"""The caller's tasks. Another user's task is not found."""

from collections.abc import Collection
from typing import Any

from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import caller
from accounts.models import User
from taskhub.api.formats import JSONParser, MergePatchParser
from taskhub.api.pagination import KeysetPagination
from taskhub.api.views import StrictQuery, WriteTransaction
from tasks import openapi
from tasks.models import Task, TaskQuerySet
from tasks.serializers import TaskSerializer


class TaskPagination(KeysetPagination):
    def fetch(self, owner: User) -> list[dict[str, Any]]:
        return Task.objects.rows(owner, self.after, self.skip, self.limit + 1)


@openapi.describe_tasks
class TaskViewSet(WriteTransaction, StrictQuery, GenericViewSet[Task]):
    queryset = Task.objects.none()  # get_queryset() says which; this names the model
    lookup_value_regex = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
    parser_classes = (JSONParser, MergePatchParser)
    serializer_class = TaskSerializer
    pagination_class = TaskPagination
    ignored_parameters = KeysetPagination.ignored

    def get_queryset(self) -> TaskQuerySet:
        return Task.objects.owned_by(caller(self.request))

    def query_parameters(self) -> Collection[str]:
        return KeysetPagination.parameters if self.action == "list" else ()

    def list(self, request: Request) -> Response:
        page = TaskPagination()
        return page.get_paginated_response(page.paginate_queryset(caller(request), request, self))

    def retrieve(self, request: Request, pk: str) -> Response:
        row = Task.objects.row(caller(request), pk)
        if row is None:
            raise NotFound
        return Response(row)

    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        task = serializer.save(owner=request.user)
        return Response(serializer.data, status=201, headers={"Location": reverse("task-detail", args=[task.pk])})

    def partial_update(self, request: Request, pk: str) -> Response:
        task = self.get_queryset().select_for_update(no_key=True).filter(pk=pk).first()
        if task is None:
            raise NotFound
        task.owner = caller(request)  # known already: saves the statement that would fetch the name
        serializer = self.get_serializer(task, data=request.data, partial=True)
        serializer.is_valid(raise_exception=True)
        serializer.save()
        return Response(serializer.data)

    def destroy(self, request: Request, pk: str) -> Response:
        deleted, _ = self.get_queryset().filter(pk=pk).delete()
        if not deleted:
            raise NotFound
        return Response(status=204)
