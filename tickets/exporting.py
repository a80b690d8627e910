"""Makes tasks of the tickets of a plan: each ticket and its task are committed together, what others need first."""

from collections import Counter
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import User
from events.models import Actor, Event, EventSequence, Kind
from taskhub.api.problems import QuotaExceeded
from tasks import tree
from tasks.models import Dependency, Task, TaskList
from tasks.models.dependency import MOST_NEEDS
from tasks.models.task import LONGEST_DESCRIPTION
from tickets import runs
from tickets.generation.dependencies import Edge, ordered
from tickets.models import Plan, PlanEvent, Stage, Ticket

BATCH = 100  # tickets in one transaction
SOURCE = "taskhub"  # external_source of the tasks; external_key is the id of the ticket
CUT = "\n\n*It was too long for a task, and is cut here. The ticket has the rest.*"


def require_room(user: User, plan: Plan) -> None:
    """Raises QuotaExceeded."""
    most = settings.QUOTA_TASKS
    used = EventSequence.objects.filter(owner=user).values_list("tasks", flat=True).first() or 0
    if most and used + plan.tickets.filter(task_id=None).count() > most:
        raise QuotaExceeded(most, "tasks")


def export(job: Any) -> dict[str, Any]:
    run = runs.Run(job, Stage.EXPORT)
    plan = run.plan()
    if plan is None:
        return {"stopped": True}
    order = in_order(plan)
    for locked, batch in run.steps(order, BATCH, len(order)):
        export_batch(locked, batch, run.actor)
    with transaction.atomic():
        plan = run.plan(lock=True)
        if plan is None:
            return {"stopped": True}
        PlanEvent.objects.record(plan, "exported", run.actor, tasks=len(order))
        runs.move(plan, Stage.COMPLETED, run.actor)
    return {"tasks": len(order)}


def in_order(plan: Plan) -> list[UUID]:
    """The ids of the tickets, each after those that it needs; else by group and position."""
    rows = plan.tickets.order_by("group_place", "position").values_list("pk", flat=True)
    places = {str(pk): place for place, pk in enumerate(rows)}
    pairs = plan.dependencies.values_list("ticket_id", "needs_id")
    return [UUID(key) for key in ordered(places, (Edge(str(ticket), str(needs), "") for ticket, needs in pairs))]


def export_batch(plan: Plan, ids: Sequence[UUID], actor: Actor) -> None:
    """The caller holds the plan's lock, in a transaction."""
    tree.lock(plan.owner_id)
    events = []
    of = list_of(plan)
    if of is None:
        of = TaskList.new(owner_id=plan.owner_id, name=plan.site_name[:100])
        TaskList.objects.bulk_create([of])
        plan.touch(list_id=of.pk)
        events.append(of.event(Kind.CREATED))
    tickets = list(plan.tickets.filter(pk__in=ids, task_id=None).order_by("group_place", "position"))
    tasks = {ticket.pk: task_of(ticket, of) for ticket in tickets}
    Task.objects.bulk_create(tasks.values())
    for ticket in tickets:
        ticket.task_id = tasks[ticket.pk].pk
    Ticket.objects.bulk_update(tickets, ["task_id"])
    depend(plan, list(tasks))
    Event.objects.record([*events, *(task.event(Kind.CREATED) for task in tasks.values())], actor)


def list_of(plan: Plan) -> TaskList | None:
    """That of an export before, unless it was deleted."""
    known = TaskList.objects.filter(owner=plan.owner_id, deleted_at=None)
    return known.filter(pk=plan.list_id).first() if plan.list_id else None


def task_of(ticket: Ticket, of: TaskList) -> Task:
    text = ticket.description
    if len(text) > LONGEST_DESCRIPTION:
        text = text[: LONGEST_DESCRIPTION - len(CUT)].rpartition("\n")[0] + CUT
    return Task.new(
        owner_id=ticket.owner_id,
        title=ticket.title,
        description=text,
        list_id=of.pk,
        external_source=SOURCE,
        external_key=str(ticket.pk),
    )


def depend(plan: Plan, ids: Sequence[UUID]) -> None:
    """What the tickets need has become tasks before, or does so in the same step."""
    pairs = plan.dependencies.filter(ticket__in=ids).order_by("ticket", "pk")
    rows = list(pairs.values_list("ticket__task_id", "needs__task_id"))
    wanted = Task.objects.filter(owner=plan.owner_id, pk__in={needs for _, needs in rows})
    there = set(wanted.values_list("pk", flat=True))
    counted = Counter[UUID]()
    new = []
    for task, needs in rows:
        if needs in there and counted[task] < MOST_NEEDS:
            counted[task] += 1
            new.append(Dependency(owner_id=plan.owner_id, task_id=task, needs_id=needs))
    Dependency.objects.bulk_create(new, ignore_conflicts=True)
