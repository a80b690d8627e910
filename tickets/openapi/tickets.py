"""What the OpenAPI document says about tickets."""

from typing import Any

from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from taskhub.api.openapi import (
    IF_MATCH,
    PREFER,
    etag_header,
    invalid,
    operation,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import PreconditionFailed
from tasks.openapi.resources import OUT_OF_RANGE, resource
from tasks.openapi.shared import EXAMPLE_ID, OTHER_ID, id_parameter
from tasks.tree import Cycle
from tickets.generation.subjects import GROUPS
from tickets.openapi.shared import (
    DEPENDENCY,
    LATE,
    PLAN_ID,
    TICKET,
    TICKET_DETAIL,
    by,
)
from tickets.serializers import (
    ManyChangedSerializer,
    ManySerializer,
    NewDependencySerializer,
    OrderSerializer,
    TicketDependencySerializer,
    TicketDetailSerializer,
    TicketSerializer,
)

TICKETS = resource(
    "Ticket",
    "ticket",
    "the tickets of a plan",
    TicketSerializer,
    TicketDetailSerializer,
    TICKET,
    {},
    order="In the order of groups, and within each that of `position`.",
    parameters=(PLAN_ID,),
    list_parameters=(
        OpenApiParameter("group", enum=GROUPS, description="Those of one group.", extensions=by("ticket_place")),
        OpenApiParameter("ready", bool, description="Those that are, or are not.", extensions=by("ticket_ready")),
    ),
    detail=TicketDetailSerializer,
    more=TICKET_DETAIL,
    required="title",
)
describe_tickets = extend_schema_view(
    list=TICKETS["list"],
    retrieve=TICKETS["retrieve"],
    partial_update=operation(
        "updateTicket",
        "Change a ticket",
        "A merge patch (RFC 7396), at the stage `review`. Another text has to be validated again.",
        responses={200: TicketDetailSerializer, 204: None},
        parameters=[PLAN_ID, id_parameter("id", "A ticket"), IF_MATCH, PREFER, etag_header(200), etag_header(204)],
        problems=[
            invalid("title", "blank", "This field may not be blank."),
            LATE,
            PreconditionFailed(4, ["title"], {**TICKET_DETAIL, "version": 4}),
        ],
        examples=[
            OpenApiExample("It is ready", {"ready": True}, request_only=True),
            OpenApiExample("A ticket", TICKET_DETAIL, response_only=True),
        ],
    ),
)
describe_order: Any = extend_schema_view(
    post=operation(
        "orderTickets",
        "Put the tickets of a group in order",
        "All of the group, each once.",
        request=OrderSerializer,
        responses={204: None},
        parameters=[
            PLAN_ID,
            OpenApiParameter("group", str, OpenApiParameter.PATH, examples=[OpenApiExample("A group", "Content")]),
        ],
        problems=[invalid("tickets", "invalid", "These must be the 12 tickets of the group, each once."), LATE],
        examples=[OpenApiExample("One ticket", {"tickets": [EXAMPLE_ID]}, request_only=True)],
    )
)
describe_ticket_dependencies = extend_schema_view(
    list=operation(
        "listTicketDependencies",
        "List what the tickets of a plan need",
        "Newest first.",
        responses={200: TicketDependencySerializer(many=True)},
        parameters=[PLAN_ID],
        problems=[OUT_OF_RANGE, ForeignCursor()],
        examples=[OpenApiExample("A dependency", DEPENDENCY, response_only=True)],
    ),
    create=operation(
        "addTicketDependency",
        "Let a ticket need another",
        "Without cycles. One that is there already is answered with 200.",
        request=NewDependencySerializer,
        responses={201: TicketDependencySerializer, 200: TicketDependencySerializer},
        parameters=[PLAN_ID],
        problems=[
            invalid("needs", "does_not_exist", "The plan has no such ticket."),
            Cycle("/needs", [EXAMPLE_ID, OTHER_ID, EXAMPLE_ID]),
            LATE,
        ],
        examples=[
            OpenApiExample("Another ticket", {"ticket": EXAMPLE_ID, "needs": OTHER_ID}, request_only=True),
            OpenApiExample("A dependency", DEPENDENCY, response_only=True),
        ],
    ),
    destroy=operation(
        "removeTicketDependency",
        "Let a ticket need another no more",
        "A second call does not find it any more.",
        responses={204: None},
        parameters=[PLAN_ID, id_parameter("id", "A dependency")],
        problems=[LATE],
    ),
)
describe_changing_many = operation(
    "changeTickets",
    "Change many tickets",
    "Up to 1,000 at once. Ids that are none of the plan's are skipped, and told.",
    request=ManySerializer,
    responses={200: ManyChangedSerializer},
    parameters=[PLAN_ID],
    problems=[invalid("ids", "required", "This field is required."), LATE],
    examples=[
        OpenApiExample("These are ready", {"ids": [EXAMPLE_ID], "changes": {"ready": True}}, request_only=True),
        OpenApiExample("One was changed", {"changed": 1, "skipped": []}, response_only=True),
    ],
)
