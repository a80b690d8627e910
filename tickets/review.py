"""What people do with the tickets of a plan. Each call is part of the caller's transaction, which holds its lock."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import connection
from rest_framework.exceptions import ErrorDetail, NotFound, ValidationError

from events.models import Actor, Event
from tasks import dependencies
from tasks.models.dependency import MOST_NEEDS
from tasks.models.task import LONGEST_DESCRIPTION
from tasks.tree import Cycle
from tickets.models import Finding, Plan, PlanEvent, Ticket, TicketDependency
from tickets.models.ticket import Origin
from tickets.runs import NotReady

CONTENT = {"title", "description"}  # of which a change has to be validated again
# As that of tasks: all that a ticket needs, directly or not, with what needs it
NEEDED = """
    WITH RECURSIVE needed AS (
        SELECT needs_id AS id, ticket_id AS via FROM ticket_dependency
        WHERE owner_id = %(owner)s AND ticket_id = %(task)s
        UNION SELECT needs_id, ticket_id FROM ticket_dependency JOIN needed ON ticket_id = needed.id
        WHERE owner_id = %(owner)s
    ) SELECT id, via FROM needed"""


def change_many(plan: Plan, ids: Sequence[UUID], changes: dict[str, Any], actor: Actor) -> tuple[int, list[UUID]]:
    """How many were changed, and which ids are none of the plan's."""
    tickets = list(plan.tickets.filter(pk__in=ids).order_by("pk").select_for_update(no_key=True))
    events = [event for ticket in tickets if (event := ticket.apply(**changes))]
    Ticket.objects.bulk_update(tickets, [*changes, "version", "updated_at"])
    Event.objects.record(events, actor)
    plan.touch()
    return len(tickets), sorted({*ids} - {ticket.pk for ticket in tickets})


def order(plan: Plan, group: str, ids: Sequence[UUID], actor: Actor) -> None:
    """Of all tickets of a group. Raises ValidationError unless `ids` are these, each once."""
    tickets = {one.pk: one for one in plan.tickets.filter(group_name=group).defer("description").select_for_update()}
    if not tickets:
        raise NotFound
    if len(ids) != len(tickets) or {*ids} != tickets.keys():
        message = f"These must be the {len(tickets)} tickets of the group, each once."
        raise ValidationError({"tickets": ErrorDetail(message, code="invalid")})
    events = [event for place, pk in enumerate(ids, 1) if (event := tickets[pk].apply(position=place))]
    Ticket.objects.bulk_update(tickets.values(), ["position", "version", "updated_at"])
    PlanEvent.objects.record(plan, "ordered", actor, group=group)
    plan.touch()
    Event.objects.record(events, actor)


def add_dependency(plan: Plan, ticket_id: UUID, needs_id: UUID, actor: Actor) -> tuple[TicketDependency, bool]:
    """Whether it is new, too. Raises Cycle, and ValidationError for what is no ticket of the plan."""
    for name, pk in (("ticket", ticket_id), ("needs", needs_id)):
        if not plan.tickets.filter(pk=pk).exists():
            raise ValidationError({name: ErrorDetail("The plan has no such ticket.", code="does_not_exist")})
    known = plan.dependencies.filter(ticket=ticket_id, needs=needs_id).first()
    if known:
        return known, False
    if path := dependencies.way(plan.owner_id, needs_id, ticket_id, NEEDED):
        raise Cycle("/needs", [ticket_id, *path])
    made = TicketDependency.objects.create(
        owner_id=plan.owner_id, plan=plan, ticket_id=ticket_id, needs_id=needs_id, origin=Origin.MANUAL
    )
    plan.edit()
    PlanEvent.objects.record(plan, "dependency_added", actor, ticket=str(ticket_id), needs=str(needs_id))
    return made, True


def remove_dependency(plan: Plan, pk: Any, actor: Actor) -> None:
    """Raises NotFound."""
    found = plan.dependencies.filter(pk=pk).first()
    if found is None:
        raise NotFound
    found.delete()
    plan.edit()
    PlanEvent.objects.record(plan, "dependency_removed", actor, ticket=str(found.ticket_id), needs=str(found.needs_id))


def validate(plan: Plan, actor: Actor) -> dict[str, Any]:
    """Looks whether each ticket can become a task. What was found is among the findings of the plan."""
    plan.findings.filter(phase="validation").delete()
    last = plan.findings.order_by("-number").values_list("number", flat=True).first() or 0
    findings = [
        Finding(owner_id=plan.owner_id, plan=plan, number=last + number, phase="validation", suggestions=[], **found)
        for number, found in enumerate(faults(plan), 1)
    ]
    Finding.objects.bulk_create(findings, batch_size=1000)
    blocking = sum(finding.severity == "blocking" for finding in findings)
    plan.touch(validated_revision=None if blocking else plan.revision)
    told = {"ok": not blocking, "blocking": blocking, "warnings": len(findings) - blocking}
    PlanEvent.objects.record(plan, "validated", actor, **told)
    return {**told, "tickets": plan.tickets.count()}


def faults(plan: Plan) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id, title, length(description),
                (SELECT count(*) FROM ticket_dependency WHERE ticket_id = ticket.id)
            FROM ticket WHERE owner_id = %s AND plan_id = %s
                AND (title ~ '[\\n\\r]' OR title = '' OR length(description) > %s OR description = ''
                    OR (SELECT count(*) FROM ticket_dependency WHERE ticket_id = ticket.id) > %s)
            ORDER BY group_place, position""",
            [plan.owner_id, plan.pk, LONGEST_DESCRIPTION, MOST_NEEDS],
        )
        rows = cursor.fetchall()
    found = []
    for pk, title, length, needs in rows:
        of = {"ticket_id": pk}
        if not title or len(title.splitlines()) > 1:
            found.append({**of, "severity": "blocking", "code": "title", "message": "The title must be one line."})
        if not length:
            found.append({**of, "severity": "blocking", "code": "description", "message": "The description is empty."})
        if length > LONGEST_DESCRIPTION:
            message = f"A task has up to {LONGEST_DESCRIPTION:,} characters: the rest stays in the ticket."
            found.append({**of, "severity": "warning", "code": "description_too_long", "message": message})
        if needs > MOST_NEEDS:
            message = f"A task needs up to {MOST_NEEDS} others; the ticket needs {needs}."
            found.append({**of, "severity": "blocking", "code": "too_many_dependencies", "message": message})
    return found


def require_exportable(plan: Plan) -> None:
    """Raises NotReady."""
    reasons = {}
    if not plan.is_validated:
        reasons["not_validated"] = "The plan has not been validated since it was changed."
    if waiting := plan.tickets.filter(ready=False).count():
        reasons["not_all_ready"] = f"{waiting:,} tickets are not marked as ready."
    if not plan.tickets.exists():
        reasons["no_tickets"] = "The plan has no tickets."
    if reasons:
        raise NotReady(reasons)


def require_generatable(plan: Plan) -> None:
    """Raises NotReady."""
    reasons = {}
    if not plan.is_checked:
        reasons["not_checked"] = "The plan has not been checked since it was changed."
    elif blocking := plan.findings.filter(severity="blocking").count():
        reasons["blocking_findings"] = f"{blocking:,} findings have to be repaired."
    if not plan.files.exists():
        reasons["no_files"] = "The plan has no files."
    if reasons:
        raise NotReady(reasons)


def lost_by_going_back(plan: Plan) -> dict[str, int]:
    """What would be deleted."""
    return {"tickets": plan.tickets.count(), "dependencies": plan.dependencies.count()}
