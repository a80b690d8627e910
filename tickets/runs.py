"""Generation and export: begun by a person, carried on by a job in steps, each of which asks if it is still wanted."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from events.models import Actor, Via
from jobs.running import check_cancelled, heartbeat
from jobs.services import enqueue
from taskhub.api.problems import InputError, Problem
from tickets.models import Plan, PlanEvent, Stage

T = TypeVar("T")
KINDS = {Stage.PROCESSING: "plan_generate", Stage.EXPORT: "plan_export"}


class NotReady(Problem):
    """A gate is shut. Each error says why, by its code."""

    status_code = 409
    default_code = "not_ready"
    default_detail = "Something has to be done before."

    def __init__(self, reasons: dict[str, str]) -> None:
        super().__init__()
        self.errors = tuple(InputError(pointer="", code=code, detail=detail) for code, detail in reasons.items())


def job_of(plan: Plan) -> str | None:
    """The id of the job that is about the plan, at the stages that have one."""
    kind = KINDS.get(Stage(plan.stage))
    return f"{kind}:{plan.pk}:{plan.run}" if kind else None


def begin(plan: Plan, stage: Stage, user: User, actor: Actor) -> str:
    """Lets a job take the plan through a stage. Returns its id. The caller holds the plan's lock."""
    plan.run += 1
    payload = {"plan_id": str(plan.pk), "run": plan.run, "actor": user.username}
    job_id = enqueue(KINDS[stage], f"{plan.pk}:{plan.run}", payload, owner=user)
    plan.touch(run=plan.run)
    PlanEvent.objects.record(plan, f"{stage}_begun", actor, job=job_id)
    move(plan, stage, actor)
    return job_id


def move(plan: Plan, stage: Stage, actor: Actor) -> None:
    """To another stage."""
    at = timezone.now() if stage == Stage.COMPLETED else None
    plan.change(actor, stage=stage, completed_at=at)


def stop(plan: Plan, back_to: Stage, actor: Actor) -> None:
    """The job that is about the plan finds at its next step that it is not wanted any more."""
    plan.touch(run=plan.run + 1)
    move(plan, back_to, actor)


class Run:
    """What a job does for a plan. Every step locks it, and is done only if the plan is still in this run."""

    def __init__(self, job: Any, stage: Stage) -> None:
        self.job, self.stage = job, stage
        self.plan_id, self.run = job.payload["plan_id"], job.payload["run"]
        self.actor = Actor(job.payload["actor"], Via.JOB)

    def plan(self, lock: bool = False) -> Plan | None:
        """None when the job is not wanted any more, or has done its work in an attempt before."""
        found = Plan.objects.filter(pk=self.plan_id, run=self.run, stage=self.stage)
        plan: Plan | None = (found.select_for_update(no_key=True) if lock else found).first()
        return plan

    def steps(self, items: Iterable[T], size: int, of: int) -> Iterator[tuple[Plan, Sequence[T]]]:
        """Each with the plan, locked, in a transaction that ends when the next is asked for. Tells progress between.

        Ends early when the job is not wanted any more. Raises Cancelled and LeaseLost.
        """
        rest, done = iter(items), 0
        while batch := list(islice(rest, size)):
            with transaction.atomic():
                plan = self.plan(lock=True)
                if plan is None:
                    return
                yield plan, batch
            done += len(batch)
            heartbeat(self.job, {"done": done, "of": of})
            check_cancelled(self.job)
