"""Plans, for staff."""

import pytest

from taskhub.tests.pages import listed, statements
from tickets.tests.conftest import SMALL
from tickets.tests.factories import FileFactory, PlanFactory, TicketFactory


def page(client, model, pk):
    response = client.get(f"/admin/tickets/{model}/{pk}/change/")
    assert response.status_code == 200
    return response.content.decode()


def test_a_plan_is_shown_with_its_progress_and_its_timeline(boss_client, plan):
    plan.upload(SMALL)
    plan.post("check")
    TicketFactory(plan=plan.row, ready=True)
    shown = page(boss_client, "plan", plan.id)

    assert "1 tickets, 1 ready, 0 exported" in shown
    assert "file_added" in shown
    assert f"/admin/tickets/finding/?q={plan.id}" in shown


@pytest.mark.parametrize("model", ["sourcefile", "ticket", "finding"])
def test_what_belongs_to_a_plan_is_found_by_its_id(boss_client, plan, model):
    plan.upload({**SMALL, "Userroles.csv": b"Name,Machine name\nEditor,Not One\n"} if model == "finding" else SMALL)
    plan.post("check")
    TicketFactory(plan=plan.row)
    FileFactory()
    first = "title" if model == "ticket" else "__str__"
    found = listed(boss_client.get(f"/admin/tickets/{model}/", {"q": plan.id}), first)
    rows = {"sourcefile": plan.row.files, "ticket": plan.row.tickets, "finding": plan.row.findings}[model]

    assert len(found) == rows.count() == {"sourcefile": 2, "ticket": 1, "finding": 1}[model]
    assert page(boss_client, model, rows.first().pk)


@pytest.mark.parametrize("model", ["plan", "sourcefile", "ticket"])
def test_the_list_costs_the_same_for_one_and_for_many(boss_client, model):
    make = {"plan": PlanFactory, "sourcefile": FileFactory, "ticket": TicketFactory}[model]
    make()
    few = len(statements(boss_client, f"/admin/tickets/{model}/"))
    make.create_batch(5)

    assert len(statements(boss_client, f"/admin/tickets/{model}/")) == few


def test_staff_can_neither_add_nor_change_a_plan(boss_client, plan):
    assert boss_client.get("/admin/tickets/plan/add/").status_code == 403
    assert boss_client.post(f"/admin/tickets/plan/{plan.id}/change/", {"site_name": "Mine"}).status_code == 403
