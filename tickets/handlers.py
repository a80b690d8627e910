"""Background work on plans."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from events.models import Actor, Via
from jobs.registry import external_handler, handler, recurring
from jobs.running import heartbeat, prune
from tickets import exporting, generating, services
from tickets.models import Plan
from tickets.spreadsheets.checks import check


@handler("plan_check", queue="bulk", time_limit=100, owner_may=("retry",))
def plan_check(job: Any) -> dict[str, Any]:
    """Reads and checks without a lock, and then keeps what was found, if the plan is still as it was."""
    known = Plan.objects.filter(pk=job.payload["plan_id"])
    plan = known.first()
    if plan is None:
        return {"checked": False, "reason": "deleted"}
    files = services.spreadsheets(plan)
    check(files)
    plan = known.select_for_update(no_key=True).first()
    told = plan and services.check(plan, job.payload["revision"], files, Actor(job.payload["actor"], Via.JOB))
    if not told:
        return {"checked": False, "reason": "changed"}
    return {"checked": True, **{name: told[name] for name in ("ok", "blocking", "warnings", "entities")}}


@external_handler("plan_generate", queue="bulk", time_limit=3600, lease=60, owner_may=("retry",))
def plan_generate(job: Any) -> dict[str, Any]:
    return generating.generate(job)


@external_handler("plan_export", queue="bulk", time_limit=3600, lease=60, owner_may=("retry",))
def plan_export(job: Any) -> dict[str, Any]:
    return exporting.export(job)


@recurring("purge_plans", every=timedelta(hours=1), offset=timedelta(minutes=21))
def purge_plans(job: Any) -> dict[str, int]:
    """Plans that nobody has done anything with for a week, completed ones too, and events after 90 days."""
    purged = 0
    for pk in services.forgotten(timezone.now()):
        purged += services.purge(pk)
        heartbeat(job, {"plans": purged})
    return {"plans": purged, "events": prune(job, services.old_events(timezone.now()))}
