"""What it takes to get each documented answer of an operation on plans: taskhub/tests/test_openapi_answers.py."""

from uuid import uuid4

from django.utils import timezone

from tickets.models import Plan, Ticket
from tickets.tests.factories import FileFactory, PlanFactory, TicketDependencyFactory, TicketFactory

EXAMPLE_ID, OTHER_ID = "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c", "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0d"


def stage_for(path):
    """Of a plan with which that can be done."""
    last = path.rpartition("/")[2]
    if last in ("retry", "cancel"):
        return "processing"
    later = ("/tickets", "/dependencies", "/groups", "/validate", "/export", "/back")
    return "review" if any(part in path for part in later) else "upload"


def plan_for(path, owner):
    return PlanFactory(owner=owner, stage=stage_for(path))


def ids_of(path, plan):
    """A plan that has what the parameters of the path stand for."""
    ids = {"id": plan.pk, "plan_id": plan.pk, "group": "Content"}
    if "/files/" in path:
        ids["id"] = FileFactory(plan=plan).pk
    if "/tickets/" in path or "/groups" in path or "/back" in path:
        ids["id" if "/tickets/" in path else "ticket"] = TicketFactory(plan=plan).pk
    if "/dependencies/{id}" in path:
        ids["id"] = TicketDependencyFactory(ticket__plan=plan).pk
    return ids


def be_checked(call, alice):
    plan = Plan.objects.get(pk=call.ids["id"])
    FileFactory(plan=plan)
    plan.touch(checked_revision=plan.revision)


def be_validated(call, alice):
    plan = Plan.objects.get(pk=call.ids["id"])
    TicketFactory(plan=plan, ready=True)
    plan.touch(validated_revision=plan.revision)


def have_two_tickets(call, alice):
    """Those of the example."""
    for pk in (EXAMPLE_ID, OTHER_ID):
        TicketFactory(id=pk, plan_id=call.ids["plan_id"], owner=alice)


def change(**fields):
    return lambda call: vars(call).update(fields)


def ask_again(call):
    call.headers["If-None-Match"] = call.send().headers["ETag"]


PREPARED = {  # what has to be there before
    "generateTickets": be_checked,
    "exportPlan": be_validated,
    "addTicketDependency": have_two_tickets,
    "orderTickets": lambda call, alice: call.body.update(tickets=[str(call.ids["ticket"])]),
}
CHANGES = {
    "wrong_stage": lambda call: Plan.objects.update(stage="completed", completed_at=timezone.now()),
    "addPlanFile-no_rows": change(body=b"Name,Machine name\n"),
    "addPlanFile-required": change(query=""),
    "addPlanFile-200": lambda call: call.send(),
    "addPlanFile-body_too_large": change(body=b" " * (2 * 1024 * 1024 + 1)),
    "addPlanFile-unsupported_media_type": change(content_type="text/html"),
    "too_many_files": lambda call: FileFactory.create_batch(25, plan=Plan.objects.get()),
    "updatePlanFile-invalid_choice": change(body={"type": "books"}),
    "updatePlanFile-204": change(headers={"Prefer": "return=minimal"}),
    "updateTicket-204": change(headers={"Prefer": "return=minimal"}),
    "updatePlan-204": change(headers={"Prefer": "return=minimal"}),
    "updatePlan-blank": change(body={"site_name": " "}),
    "createPlan-blank": change(body={"site_name": " "}),
    **{f"get{name}-304": ask_again for name in ("Plan", "PlanFile", "Ticket")},
    "listCsvTypes-304": ask_again,
    "checkPlan-202": lambda call: FileFactory(plan=Plan.objects.get(), row_count=2001),
    "not_checked": lambda call: Plan.objects.update(checked_revision=None, validated_revision=None),
    "not_all_ready": lambda call: TicketFactory(plan=Plan.objects.get()),
    "listPlans-invalid_choice": change(query="stage=paused"),
    "conflicting_parameter": change(query="severity=info&code=x"),
    "addTicketDependency-does_not_exist": change(body={"ticket": EXAMPLE_ID, "needs": str(uuid4())}),
    "addTicketDependency-cycle": lambda call: TicketDependencyFactory(
        ticket=Ticket.objects.get(pk=OTHER_ID), needs=Ticket.objects.get(pk=EXAMPLE_ID)
    ),
    "addTicketDependency-200": lambda call: TicketDependencyFactory(
        ticket=Ticket.objects.get(pk=EXAMPLE_ID), needs=Ticket.objects.get(pk=OTHER_ID)
    ),
    "orderTickets-invalid": change(body={"tickets": [str(uuid4())]}),
}
