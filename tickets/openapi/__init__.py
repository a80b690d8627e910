"""What the OpenAPI document says about plans, and what belongs to them."""

from tickets.openapi.files import describe_files, describe_findings, describe_types
from tickets.openapi.plans import describe_going_back, describe_plans
from tickets.openapi.tickets import (
    describe_changing_many,
    describe_order,
    describe_ticket_dependencies,
    describe_tickets,
)

__all__ = [
    "describe_changing_many",
    "describe_files",
    "describe_findings",
    "describe_going_back",
    "describe_order",
    "describe_plans",
    "describe_ticket_dependencies",
    "describe_tickets",
    "describe_types",
]
