"""Makes the tickets of a plan from its files. What was made before an interruption is not made again."""

from collections import Counter
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from tickets import runs, services
from tickets.generation.dependencies import Graph, graph
from tickets.generation.documents import description, title
from tickets.generation.generators import GENERATORS
from tickets.generation.subjects import GROUPS, Subject, subjects
from tickets.models import Finding, Plan, PlanEvent, Stage, Ticket, TicketDependency
from tickets.spreadsheets.checks import check

BATCH = 100  # tickets in one transaction


def generate(job: Any) -> dict[str, Any]:
    run = runs.Run(job, Stage.PROCESSING)
    plan = run.plan()
    if plan is None:
        return {"stopped": True}
    found, titles = add_tickets(run, plan)
    with transaction.atomic():
        plan = run.plan(lock=True)
        if plan is None:
            return {"stopped": True}
        finish(plan, found, titles)
        told = {"tickets": len(found.order), "dependencies": len(found.edges)}
        PlanEvent.objects.record(plan, "generated", run.actor, **told)
        runs.move(plan, Stage.REVIEW, run.actor)
    return told


def add_tickets(run: runs.Run, plan: Plan) -> tuple[Graph, dict[str, str]]:
    """What the tickets need, and the titles of those that were left out there. Cells are not needed after this."""
    files = services.spreadsheets(plan)
    check(files)
    made = subjects(files, plan.granularity)
    found = graph(made)
    places = positions(made, found.order)
    for locked, batch in run.steps(made, BATCH, len(made)):
        add(locked, batch, places)
    left_out = {edge.needs for edge in found.left_out}
    return found, {subject.key: title(subject) for subject in made if subject.key in left_out}


def positions(made: Sequence[Subject], order: Sequence[str]) -> dict[str, int]:
    """Within each group, from 1, so that what others need comes first."""
    groups, counted, places = {subject.key: subject.group for subject in made}, Counter[str](), {}
    for key in order:
        counted[groups[key]] += 1
        places[key] = counted[groups[key]]
    return places


def add(plan: Plan, batch: Sequence[Subject], places: dict[str, int]) -> None:
    """The caller holds the plan's lock, so nobody else adds any."""
    known = set(plan.tickets.filter(source_key__in=[one.key for one in batch]).values_list("source_key", flat=True))
    generator = GENERATORS[plan.generator]
    Ticket.objects.bulk_create(
        Ticket(
            owner_id=plan.owner_id,
            plan=plan,
            source_key=subject.key,
            group_name=subject.group,
            group_place=GROUPS.index(subject.group),
            position=places[subject.key],
            title=title(subject),
            description=description(subject, generator),
            sources=subject.sources,
        )
        for subject in batch
        if subject.key not in known
    )


def finish(plan: Plan, found: Graph, titles: dict[str, str]) -> None:
    """Adds the dependencies, and tells which were left out."""
    ids = dict(plan.tickets.values_list("source_key", "pk"))
    TicketDependency.objects.bulk_create(
        (
            TicketDependency(
                owner_id=plan.owner_id,
                plan=plan,
                ticket_id=ids[edge.ticket],
                needs_id=ids[edge.needs],
                origin=edge.origin,
            )
            for edge in found.edges
        ),
        batch_size=1000,
        ignore_conflicts=True,
    )
    plan.findings.filter(phase="generation").delete()
    last = plan.findings.order_by("-number").values_list("number", flat=True).first() or 0
    Finding.objects.bulk_create(
        (
            Finding(
                owner_id=plan.owner_id,
                plan=plan,
                number=last + number,
                phase="generation",
                severity="warning",
                code="circular_dependency",
                ticket_id=ids[edge.ticket],
                message=f"That it needs {titles[edge.needs]} was left out: the two would wait for each other.",
                suggestions=[],
            )
            for number, edge in enumerate(found.left_out, 1)
        ),
        batch_size=1000,
    )
