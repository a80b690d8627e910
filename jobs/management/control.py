"""`manage.py jobs retry`, `cancel` and `prune`. Each prints JSON for programs or lines for people."""

import getpass
import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Iterable, Iterator
from typing import Any

from django.core.management.base import CommandError
from django.db import transaction

from jobs import control
from jobs.control import Action, Refused, locked
from jobs.handlers import prunable_jobs
from jobs.models import LONGEST_ID, LONGEST_NAME, UNFINISHED, Actor, Job, JobQuerySet, State, Via
from jobs.running import delete_batch
from jobs.services import JOB_ID

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # a terminal's commands, and bytes that are no UTF-8
Answer = tuple[Any, Iterable[str]]  # for programs, and line by line for people


def retry(**options: Any) -> Answer:
    """Retry jobs that failed or need review. To retry one that needs review means that its external effect may happen
    again."""
    return control_jobs("retry", (State.FAILED,), **options)


def cancel(**options: Any) -> Answer:
    """Cancel jobs that are queued, and ask those that run to stop."""
    return control_jobs("cancel", UNFINISHED, **options)


def control_jobs(
    action: Action,
    states: Iterable[State],
    job_ids: list[str],
    state: str | None,
    kind: str | None,
    limit: int,
    by: str | None,
    yes: bool,
    **_: Any,
) -> Answer:
    if bool(job_ids) == bool(state or kind):
        raise CommandError("Say which jobs: either their ids, or --state, --kind or both.")
    actor = Actor(by or operating_system_user(), Via.COMMAND)
    if not job_ids:
        jobs = Job.objects.filter(state__in=[state] if state else states, **({"kind": kind} if kind else {}))
        job_ids = list(jobs.order_by("created_at", "job_id").values_list("pk", flat=True)[:limit])
        if len(job_ids) > 1 and not yes:
            confirm(action, len(job_ids))
    said = {job_id: control_one(job_id, action, actor) for job_id in dict.fromkeys(job_ids)}
    done = [job_id for job_id, refused in said.items() if not refused]
    refused = [{"job_id": text(job_id[: LONGEST_ID + 1]), "detail": why} for job_id, why in said.items() if why]
    return {"done": done, "refused": refused}, lines(action, done, refused)


def pause(names: list[str], by: str | None, **_: Any) -> Answer:
    """Let no job of these queues or kinds begin. Those that run go on."""
    actor = Actor(by or operating_system_user(), Via.COMMAND)
    return paused_or_not({name: control.pause(name, actor) for name in dict.fromkeys(names)}, "paused")


def resume(names: list[str], **_: Any) -> Answer:
    """Let jobs of these queues or kinds begin again."""
    with transaction.atomic():
        return paused_or_not({name: control.resume(name) for name in dict.fromkeys(names)}, "resumed")


def paused_or_not(changed: dict[str, bool], word: str) -> Answer:
    said = [f"{name}: {word if is_so else 'was already'}" for name, is_so in changed.items()]
    return {word: [name for name, is_so in changed.items() if is_so]}, said


def pausable(name: str) -> str:
    if name not in control.pausable():
        raise ArgumentTypeError(f"{name[:100]!r} is no known queue:NAME or kind:NAME")
    return name


def control_one(job_id: str, action: Action, actor: Actor) -> str:
    """In a transaction of its own. Returns why it was refused, empty when it was done."""
    try:
        with transaction.atomic():
            jobs = locked(job_named(job_id))
            for job in jobs:
                control.control(job, action, actor)
    except Refused as refused:
        return str(refused.detail)
    return "" if jobs else "There is no such job. It may have been pruned."


def job_named(job_id: str) -> JobQuerySet:
    return Job.objects.filter(pk=job_id) if JOB_ID.fullmatch(job_id) else Job.objects.none()


def lines(action: Action, done: list[str], refused: list[dict[str, str]]) -> Iterator[str]:
    word = {"retry": "queued again", "cancel": "cancelled, or asked to stop"}[action]
    yield from (f"{job_id}: {word}" for job_id in done)
    yield from (f"{job['job_id']!r}: {job['detail']}" for job in refused)
    if not done and not refused:
        yield "No job matches."


def confirm(action: Action, number: int) -> None:
    """Asks at a terminal; programs are not asked. Raises CommandError."""
    if not sys.stdin.isatty():
        return
    sys.stderr.write(f"{action.capitalize()} {number} jobs? [y/N] ")
    sys.stderr.flush()
    if sys.stdin.readline().strip().lower() not in ("y", "yes"):
        raise CommandError("Nothing was done.")


def text(value: str) -> str:
    """Text that a terminal can show and JSON can hold."""
    return CONTROL.sub("\ufffd", value)


def person(value: str) -> str:
    if not value.strip() or len(value) > LONGEST_NAME or CONTROL.search(value):
        raise ArgumentTypeError(f"must be a name of 1 to {LONGEST_NAME} characters")
    return value.strip()


def operating_system_user() -> str:
    try:
        return person(getpass.getuser())
    except (OSError, KeyError, ArgumentTypeError) as error:  # a container whose user has no name
        raise CommandError("Say who does it: --by NAME.") from error


def prune(dry_run: bool, **_: Any) -> Answer:
    """What the recurring job does: delete finished jobs, in batches, that are older than the settings say."""
    jobs: JobQuerySet = prunable_jobs()  # type: ignore[assignment]
    number = jobs.count() if dry_run else 0
    while not dry_run and (deleted := delete_batch(jobs)):
        number += deleted
    return {"pruned": number, "dry_run": dry_run}, [f"{'Would delete' if dry_run else 'Deleted'} {number:,} jobs."]
