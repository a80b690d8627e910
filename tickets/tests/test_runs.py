"""Generating and exporting: once, whatever interrupts it."""

import pytest

from events.models import Event
from jobs.testing import drain
from tasks.models import Dependency, Task, TaskList
from tickets import exporting, generating, runs
from tickets.models import Ticket, TicketDependency
from tickets.tests.conftest import SMALL

pytestmark = pytest.mark.django_db(transaction=True)  # a job commits what it does step by step


class Died(BaseException):
    """As if the process had been killed."""


@pytest.fixture
def dying(monkeypatch):
    """After so many steps, once."""
    monkeypatch.setattr(generating, "BATCH", 3)
    monkeypatch.setattr(exporting, "BATCH", 3)
    real, left = runs.heartbeat, []

    def heartbeat(job, progress):
        real(job, progress)
        if left:
            left[0] -= 1
            if left[0] == 0:
                left.clear()
                raise RuntimeError("killed")

    monkeypatch.setattr(runs, "heartbeat", heartbeat)
    return left.append


def generated(plan):
    plan.upload(SMALL)
    plan.post("check")
    return plan.post("generate").json()["job_id"]


def test_the_tickets_of_a_plan_are_generated(plan, alice):
    job = generated(plan)

    assert drain("plan_generate") == {job: "succeeded"}
    assert plan.get()["stage"] == "review"
    assert plan.get()["tickets"] == {"total": 8, "ready": 0, "exported": 0}
    assert plan.client.get(f"/jobs/{job}").json()["progress"] == {"done": 8, "of": 8}


def test_asked_for_again_it_is_the_same_job(plan):
    job = generated(plan)

    assert plan.post("generate").json() == {"job_id": job}
    assert plan.get()["job"] == job


def test_another_job_is_told_to_who_asks_whether_anything_has_changed(plan):
    generated(plan)
    etag = plan.client.get(plan.path).headers["ETag"]
    again = plan.client.get(plan.path, headers={"If-None-Match": etag})
    job = plan.post("retry").json()["job_id"]

    assert again.status_code == 304
    assert plan.client.get(plan.path, headers={"If-None-Match": etag}).json()["job"] == job


def test_without_a_check_nothing_is_generated(plan):
    plan.upload(SMALL)
    reasons = [error["code"] for error in plan.post("generate").json()["errors"]]

    assert reasons == ["not_checked"]
    assert plan.get()["stage"] == "upload"


def test_interrupted_and_tried_again_no_ticket_is_missing_or_twice(plan, dying):
    job = generated(plan)
    dying(2)
    assert drain("plan_generate") == {job: "error"}
    assert Ticket.objects.count() == 6
    plan.post("retry")
    drain("plan_generate")

    assert plan.get()["stage"] == "review"
    assert Ticket.objects.count() == 8 == len(set(Ticket.objects.values_list("source_key", flat=True)))


def test_cancelled_it_stops_at_its_next_step_and_the_files_can_be_edited_again(plan, monkeypatch):
    generated(plan)
    monkeypatch.setattr(generating, "BATCH", 3)
    real = generating.add

    def cancel_then_add(locked, batch, places):
        real(locked, batch, places)
        monkeypatch.setattr(runs, "check_cancelled", lambda job: plan.post("cancel"))

    monkeypatch.setattr(generating, "add", cancel_then_add)
    (result,) = drain("plan_generate").values()

    assert result == "succeeded"
    assert plan.get()["stage"] == "upload"
    assert not Ticket.objects.exists()


def test_a_job_of_an_earlier_run_does_nothing(plan):
    generated(plan)
    plan.post("cancel")
    drain("plan_generate")

    assert plan.get()["stage"] == "upload"
    assert not Ticket.objects.exists()


def test_going_back_deletes_what_the_preview_said_and_nothing_else(plan):
    plan.generate()
    told = plan.get("back")
    refused = plan.post("back", {"confirm": {**told, "tickets": 1}})
    done = plan.post("back", {"confirm": told})

    assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
    assert (done.status_code, plan.get()["stage"]) == (200, "upload")
    assert not Ticket.objects.exists()
    assert not TicketDependency.objects.exists()
    assert plan.get()["check"]["state"] == "passed"


def test_the_same_files_give_the_same_tickets_again(plan):
    plan.generate()
    before = list(Ticket.objects.order_by("source_key").values_list("source_key", "title", "description", "position"))
    plan.post("back", {"confirm": plan.get("back")})
    plan.post("generate")
    drain("plan_generate")

    assert (
        list(Ticket.objects.order_by("source_key").values_list("source_key", "title", "description", "position"))
        == before
    )


def test_an_export_makes_tasks_that_need_what_their_tickets_need(plan, alice):
    plan.generate()
    plan.make_ready()
    assert plan.post("export").status_code == 202
    drain("plan_export")
    pairs = set(TicketDependency.objects.values_list("ticket__task_id", "needs__task_id"))

    assert plan.get()["stage"] == "completed"
    assert Task.objects.filter(owner=alice, external_source="taskhub").count() == 8
    assert set(Dependency.objects.values_list("task_id", "needs_id")) == pairs != set()
    assert TaskList.objects.get().name == "Museum"
    assert Event.objects.filter(resource="task", via="job", actor="alice").count() == 8


def test_interrupted_and_tried_again_no_task_is_missing_or_twice(plan, dying):
    plan.generate()
    plan.make_ready()
    job = plan.post("export").json()["job_id"]
    dying(2)
    assert drain("plan_export") == {job: "error"}
    made = Task.objects.count()
    plan.post("retry")
    drain("plan_export")

    assert 0 < made < 8 == Task.objects.count()
    assert set(Ticket.objects.values_list("task_id", flat=True)) == set(Task.objects.values_list("pk", flat=True))
    assert TaskList.objects.count() == 1


def test_a_cancelled_export_goes_on_where_it_stopped(plan, dying):
    plan.generate()
    plan.make_ready()
    plan.post("export")
    dying(1)
    drain("plan_export")
    plan.post("cancel")
    assert plan.get()["stage"] == "review"
    plan.post("export")
    drain("plan_export")

    assert (plan.get()["stage"], Task.objects.count()) == ("completed", 8)


def test_what_is_not_ready_or_not_validated_is_not_exported(plan):
    plan.generate()
    reasons = [error["code"] for error in plan.post("export").json()["errors"]]
    plan.make_ready()
    (ticket, *_) = plan.get("tickets")["items"]
    plan.client.patch(f"{plan.path}/tickets/{ticket['id']}", {"title": "Another"})
    again = [error["code"] for error in plan.post("export").json()["errors"]]

    assert reasons == ["not_validated", "not_all_ready"]
    assert again == ["not_validated"]


def test_more_tasks_than_the_quota_allows_are_not_begun(plan, settings):
    plan.generate()
    plan.make_ready()
    settings.QUOTA_TASKS = 7

    assert plan.post("export").json()["code"] == "quota_exceeded"
    assert plan.get()["stage"] == "review"


def test_an_order_respects_every_dependency(plan):
    plan.generate()
    order = exporting.in_order(plan.row)

    for ticket, needs in TicketDependency.objects.values_list("ticket", "needs"):
        assert order.index(needs) < order.index(ticket)
