"""What is alike in the smaller resources of tasks: lists, labels, comments and saved filters."""

from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, MergePatchParser
from taskhub.api.pagination import CursorPagination
from taskhub.api.views import UUID, BaseView, caller_of, checks_caller
from taskhub.postgresql.statements import rows_in_order


class ResourceViewSet(BaseView, GenericViewSet[Any]):
    lookup_value_regex = UUID
    parser_classes = (JSONParser, MergePatchParser)
    pagination_class = CursorPagination
    scope = "tasks"
    model: ClassVar[Any]
    columns: ClassVar[tuple[str, ...]]  # what clients see
    order: ClassVar[tuple[str, ...]] = ("created_at", "id")
    ascending: ClassVar[bool] = False
    only: ClassVar[str] = ""  # which rows are there
    more: ClassVar[tuple[str, ...]] = ()  # columns of a single answer alone
    serializer_class: Any
    new_serializer: ClassVar[Any]

    def get_queryset(self) -> Any:
        return self.model.objects.owned_by(user_of(self.request))

    def query_parameters(self) -> Collection[str]:
        return CursorPagination.parameters if self.action == "list" else self.parameters

    def where(self) -> dict[str, Any]:
        """Of which rows the resource consists, by column."""
        return {}

    def rows(
        self,
        where: Mapping[str, Any],
        columns: Sequence[str],
        position: Sequence[str] = (),
        skip: int = 0,
        count: int = 1,
    ) -> list[dict[str, Any]]:
        caller, table = caller_of(self.request), self.model._meta.db_table
        found = {**self.where(), **where}
        return rows_in_order(
            caller, table, columns, found, self.order, position, skip, count, self.only, self.ascending
        )

    @checks_caller
    def list(self, request: Request, **kwargs: Any) -> HttpResponse:
        paginator: Any = self.paginator
        paginator.ordering = self.order
        paginator.hidden = frozenset(self.order) - {name.rpartition(" ")[2] for name in self.columns}
        columns = (*self.columns, *sorted(paginator.hidden))
        rows: Any = partial(self.rows, self.filters(request), columns)
        return self.get_paginated_response(self.paginate_queryset(rows))

    def filters(self, request: Request) -> dict[str, Any]:
        """Raises BadParameter."""
        return {}

    @checks_caller
    def retrieve(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        found = self.rows({"id": pk}, (*self.columns, *self.more))
        if not found:
            raise NotFound
        return answer(request, self.etag(found[0]), lambda: found[0])

    def etag(self, row: Mapping[str, Any]) -> str:
        return etag_of(row["version"])

    @checks_caller
    def create(self, request: Request, **kwargs: Any) -> HttpResponse:
        fields = self.new_serializer(data=request.data, context={"view": self}).checked()
        row = self.model.new(**fields)
        location = {"Location": reverse(f"{self.basename}-detail", args=[row.pk])}

        def made(username: str, version: int | str) -> HttpResponse:
            return answer(request, etag_of(row.version), lambda: self.serializer_class(row).data, 201, location)

        return self.insert_once(partial(row.insert, chosen="id" in request.data), made)

    def partial_update(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        row = self.locked(pk)
        serializer = self.get_serializer(row, data=request.data, partial=True)
        require_version(request, row, lambda: self.serializer_class(row).data)
        serializer.is_valid(raise_exception=True)
        row.change(actor_of(request), **serializer.validated_data)
        return answer(request, etag_of(row.version), lambda: self.serializer_class(row).data)

    def destroy(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        row = self.locked(pk)
        require_version(request, row, lambda: self.serializer_class(row).data)
        return self.removed(request, row)

    def removed(self, request: Request, row: Any) -> HttpResponse:
        row.remove(actor_of(request))
        return HttpResponse(status=204)

    def locked(self, pk: str) -> Any:
        """Raises NotFound."""
        row = self.get_queryset().filter(pk=pk).select_for_update(no_key=True).first()
        if row is None:
            raise NotFound
        return row
