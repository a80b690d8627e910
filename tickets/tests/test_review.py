"""What people do with tickets: edit, order, mark, and say what needs what."""

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from conftest import client_of
from tickets import services
from tickets.models import Plan, PlanEvent, Ticket, TicketDependency
from tickets.tests.factories import FileFactory, PlanFactory, TicketDependencyFactory, TicketFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def tickets(plan):
    Plan.objects.update(stage="review", validated_revision=0)
    return [TicketFactory(plan=plan.row, title=f"Ticket {n}", position=n) for n in range(1, 4)]


def change(plan, ticket, **fields):
    return plan.client.patch(f"{plan.path}/tickets/{ticket.pk}", fields)


def test_a_changed_text_has_to_be_validated_again(plan, tickets):
    assert plan.get()["validated"]
    answer = change(plan, tickets[0], title="Better")

    assert (answer.status_code, answer.json()["title"], answer.json()["version"]) == (200, "Better", 2)
    assert not plan.get()["validated"]


@pytest.mark.parametrize("fields", [{"ready": True}, {"notes": "Ask"}, {"sprint": "1"}, {"title": "Ticket 1"}])
def test_what_is_no_text_leaves_it_validated(plan, tickets, fields):
    assert change(plan, tickets[0], **fields).status_code == 200
    assert plan.get()["validated"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"title": ""}, "blank"),
        ({"title": "x" * 201}, "max_length"),
        ({"ready": "yes"}, "invalid"),
        ({"description": None}, "null"),
        ({"group": "Views"}, "read_only_field"),
        ({"colour": "red"}, "unknown_field"),
    ],
)
def test_bad_input_is_refused(plan, tickets, fields, code):
    assert change(plan, tickets[0], **fields).json()["errors"][0]["code"] == code


@pytest.mark.parametrize("body", [5, None, [], "granularity", {"granularity": "column"}, {"site_name": ["x"]}])
def test_a_plan_takes_no_other_body(plan, body):
    assert plan.client.generic("PATCH", plan.path, json.dumps(body), content_type="application/json").status_code == 400


def test_granularity_is_set_at_upload_alone(plan, tickets):
    answer = plan.client.patch(plan.path, {"granularity": "row"})

    assert (answer.status_code, answer.json()["code"]) == (409, "wrong_stage")


def test_what_somebody_else_has_changed_is_not_overwritten(plan, tickets):
    change(plan, tickets[0], title="First")
    late = plan.client.patch(f"{plan.path}/tickets/{tickets[0].pk}", {"title": "Late"}, headers={"If-Match": '"1"'})

    assert (late.status_code, late.json()["changed_fields"]) == (412, ["title"])


def test_many_are_changed_at_once_and_strangers_are_skipped(plan, tickets):
    foreign = TicketFactory()
    ids = [str(tickets[0].pk), str(tickets[1].pk), str(foreign.pk)]
    answer = plan.client.patch(f"{plan.path}/tickets", {"ids": ids, "changes": {"ready": True, "sprint": "1"}})

    assert answer.json() == {"changed": 2, "skipped": [str(foreign.pk)]}
    assert list(Ticket.objects.order_by("position").values_list("ready", "version"))[:2] == [(True, 2)] * 2
    assert not Ticket.objects.get(pk=foreign.pk).ready


def test_a_group_is_put_in_order(plan, tickets):
    ids = [str(ticket.pk) for ticket in reversed(tickets)]

    assert plan.post("groups/Content/order", {"tickets": ids}).status_code == 204
    assert [ticket["id"] for ticket in plan.get("tickets")["items"]] == ids


@pytest.mark.parametrize("wrong", [lambda ids: ids[:2], lambda ids: [*ids, ids[0]], lambda ids: [ids[0]] * 3])
def test_an_order_has_all_of_the_group_once(plan, tickets, wrong):
    answer = plan.post("groups/Content/order", {"tickets": wrong([str(ticket.pk) for ticket in tickets])})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/tickets")


def test_a_circle_is_refused_with_the_way(plan, tickets):
    one, two, three = (str(ticket.pk) for ticket in tickets)
    plan.post("dependencies", {"ticket": one, "needs": two})
    plan.post("dependencies", {"ticket": two, "needs": three})
    answer = plan.post("dependencies", {"ticket": three, "needs": one})

    assert (answer.status_code, answer.json()["path"]) == (409, [three, one, two, three])
    assert plan.post("dependencies", {"ticket": one, "needs": one}).status_code == 409


def test_a_dependency_that_is_there_is_answered_and_added_once(plan, tickets):
    body = {"ticket": str(tickets[0].pk), "needs": str(tickets[1].pk)}

    assert [plan.post("dependencies", body).status_code for _ in range(2)] == [201, 200]
    assert TicketDependency.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_that_would_close_a_circle_at_once_one_is_refused(plan, tickets, alice):
    one, two = (str(ticket.pk) for ticket in tickets[:2])

    def add(pair):
        try:
            return client_of(alice).post(f"{plan.path}/dependencies", {"ticket": pair[0], "needs": pair[1]}).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(add, [(one, two), (two, one)])) == [201, 409]


@pytest.mark.parametrize(
    "ticket", [{"title": "One\nand two"}, {"description": ""}], ids=["a title of two lines", "without a text"]
)
def test_what_cannot_become_a_task_is_found(plan, tickets, ticket):
    Ticket.objects.filter(pk=tickets[1].pk).update(**ticket)
    told = plan.post("validate").json()
    (finding,) = plan.get("findings")["items"]

    assert (told["ok"], told["blocking"]) == (False, 1)
    assert (finding["phase"], finding["ticket"]) == ("validation", str(tickets[1].pk))
    assert not plan.get()["validated"]


def test_filters_and_pages_keep_the_order_of_groups(plan, tickets):
    late = TicketFactory(plan=plan.row, group_name="Views", group_place=2, position=1, ready=True)
    pages = [plan.get("tickets", limit=2)]
    pages.append(plan.get("tickets", limit=2, cursor=pages[0]["meta"]["next_cursor"]))

    assert [one["id"] for page in pages for one in page["items"]] == [str(one.pk) for one in (*tickets, late)]
    assert [one["id"] for one in plan.get("tickets", group="Views")["items"]] == [str(late.pk)]
    assert [one["id"] for one in plan.get("tickets", ready="true")["items"]] == [str(late.pk)]


def test_a_plan_of_a_week_ago_is_deleted_and_its_timeline_stays(alice):
    old, new = PlanFactory(owner=alice), PlanFactory(owner=alice)
    FileFactory(plan=old)
    TicketDependencyFactory(ticket__plan=old)
    Plan.objects.filter(pk=old.pk).update(active_at=timezone.now() - timedelta(days=7, seconds=1))
    (pk,) = services.forgotten(timezone.now())
    services.purge(pk)

    assert list(Plan.objects.values_list("pk", flat=True)) == [new.pk]
    assert PlanEvent.objects.get().kind == "deleted"


REFUSED = {
    "completed without a time": lambda plan: Plan.objects.filter(pk=plan.pk).update(stage="completed"),
    "checked in the future": lambda plan: Plan.objects.filter(pk=plan.pk).update(checked_revision=1),
    "a ticket twice": lambda plan: [TicketFactory(plan=plan, source_key="x") for _ in range(2)],
    "a file twice": lambda plan: [FileFactory(plan=plan, name="x") for _ in range(2)],
    "a file that is too large": lambda plan: FileFactory(plan=plan, bytes=2 * 1024 * 1024 + 1),
    "a ticket that needs itself": lambda plan: (
        (ticket := TicketFactory(plan=plan)) and TicketDependencyFactory(ticket=ticket, needs=ticket)
    ),
}


@pytest.mark.parametrize("write", REFUSED.values(), ids=REFUSED)
def test_the_database_refuses(write):
    plan = PlanFactory()
    with pytest.raises(IntegrityError), transaction.atomic():
        write(plan)
