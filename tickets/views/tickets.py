"""The tickets of a plan, and what each needs."""

import json
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, JSONResponse
from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import BadParameter
from taskhub.api.views import UUID, BaseView, caller_of, checks_caller
from taskhub.postgresql.statements import rows_in_order
from tasks.views.resources import ResourceViewSet
from tickets import openapi, review, services
from tickets.generation.subjects import GROUPS
from tickets.models import Stage, Ticket, TicketDependency
from tickets.serializers import (
    ManySerializer,
    NewDependencySerializer,
    OrderSerializer,
    TicketDependencySerializer,
    TicketDetailSerializer,
)


class TicketPagination(CursorPagination):
    ordering: tuple[str, ...] = ("group_place", "position")


@openapi.describe_tickets
class TicketViewSet(ResourceViewSet):
    """In the order of groups, and within each that of `position`."""

    queryset = Ticket.objects.none()
    model = Ticket
    scope = "plans"
    serializer_class = TicketDetailSerializer
    pagination_class = TicketPagination
    order = ("group_place", "position")
    ascending = True
    columns = (
        *("id", "group_name AS group", "position", "title", "ready", "sprint", "assignee", "notes"),
        *("task_id AS task", "created_at", "updated_at", "version"),
    )
    more = ("description", "sources")

    def query_parameters(self) -> Any:
        return CursorPagination.parameters | {"group", "ready"} if self.action == "list" else ()

    def get_queryset(self) -> Any:
        return Ticket.objects.owned_by(user_of(self.request)).filter(plan=self.kwargs["plan_id"])

    def where(self) -> dict[str, Any]:
        return {"plan_id": self.kwargs["plan_id"]}

    def rows(self, *args: Any, **kwargs: Any) -> list[dict[str, Any]]:
        found = super().rows(*args, **kwargs)
        for row in found:
            if "sources" in row:
                row["sources"] = json.loads(row["sources"])  # Django leaves it to its fields to decode JSON
        return found

    def get_paginated_response(self, data: Any) -> Any:
        services.require_plan(caller_of(self.request), self.kwargs["plan_id"], data)
        return super().get_paginated_response(data)

    def filters(self, request: Request) -> dict[str, Any]:
        group, ready = (request.query_params.get(name) for name in ("group", "ready"))
        if group is not None and group not in GROUPS:
            raise BadParameter("group", "invalid_choice", f"This must be one of {', '.join(GROUPS)}.")
        if ready not in (None, "true", "false"):
            raise BadParameter("ready", "invalid_choice", "This must be one of true, false.")
        found = {} if group is None else {"group_place": GROUPS.index(group)}
        return found if ready is None else {**found, "ready": ready == "true"}

    def partial_update(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        plan = services.locked(user_of(request), self.kwargs["plan_id"], Stage.REVIEW)
        ticket = self.locked(pk)
        serializer = TicketDetailSerializer(ticket, data=request.data, partial=True)
        require_version(request, ticket, lambda: TicketDetailSerializer(ticket).data)
        serializer.is_valid(raise_exception=True)
        fields = dict(serializer.validated_data)
        edited = any(fields.get(name, getattr(ticket, name)) != getattr(ticket, name) for name in review.CONTENT)
        ticket.change(actor_of(request), **fields)
        if edited:
            plan.edit()
        else:
            plan.touch()
        return answer(request, etag_of(ticket.version), lambda: TicketDetailSerializer(ticket).data)

    @openapi.describe_changing_many
    def change_many(self, request: Request, plan_id: str) -> HttpResponse:
        plan = services.locked(user_of(request), plan_id, Stage.REVIEW)
        sent = ManySerializer(data=request.data).checked()
        changed, skipped = review.change_many(plan, sent["ids"], dict(sent["changes"]), actor_of(request))
        return JSONResponse({"changed": changed, "skipped": skipped})


@openapi.describe_order
class GroupOrder(BaseView):
    scope = "plans"
    parser_classes = (JSONParser,)

    def post(self, request: Request, plan_id: str, group: str) -> HttpResponse:
        plan = services.locked(user_of(request), plan_id, Stage.REVIEW)
        sent = OrderSerializer(data=request.data).checked()
        review.order(plan, group, sent["tickets"], actor_of(request))
        return HttpResponse(status=204)


class DependencyPagination(CursorPagination):
    ordering: tuple[str, ...] = ("id",)


@openapi.describe_ticket_dependencies
class TicketDependencyViewSet(BaseView, GenericViewSet[TicketDependency]):
    """Newest first."""

    queryset = TicketDependency.objects.none()
    lookup_value_regex = UUID
    serializer_class = TicketDependencySerializer
    pagination_class = DependencyPagination
    parser_classes = (JSONParser,)
    scope = "plans"

    def query_parameters(self) -> Any:
        return CursorPagination.parameters if self.action == "list" else ()

    @checks_caller
    def list(self, request: Request, plan_id: str) -> HttpResponse:
        def rows(position: Any, skip: int, count: int) -> Any:
            columns = ("id", "ticket_id AS ticket", "needs_id AS needs", "origin")
            caller, where = caller_of(request), {"plan_id": plan_id}
            return rows_in_order(caller, "ticket_dependency", columns, where, ("id",), position, skip, count)

        pages: Any = rows
        page = self.paginate_queryset(pages)
        services.require_plan(caller_of(request), plan_id, page)
        return self.get_paginated_response(page)

    def create(self, request: Request, plan_id: str) -> HttpResponse:
        plan = services.locked(user_of(request), plan_id, Stage.REVIEW)
        sent = NewDependencySerializer(data=request.data).checked()
        made, new = review.add_dependency(plan, sent["ticket"], sent["needs"], actor_of(request))
        return JSONResponse(TicketDependencySerializer(made).data, 201 if new else 200)

    def destroy(self, request: Request, plan_id: str, pk: str) -> HttpResponse:
        plan = services.locked(user_of(request), plan_id, Stage.REVIEW)
        review.remove_dependency(plan, pk, actor_of(request))
        return HttpResponse(status=204)
