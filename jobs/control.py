"""Retrying and cancelling jobs: for their owners over the API, for staff in the admin and on the command line."""

from typing import Literal

from django.db import OperationalError, transaction
from django.db.models import QuerySet
from psycopg.errors import LockNotAvailable

from jobs.models import RETRIABLE, UNFINISHED, Actor, Job, Pause, State, StateConflict
from jobs.registry import find_kind, kind_for_job, kinds
from jobs.services import wake_after_commit
from taskhub.api.problems import Problem
from taskhub.environment import QUEUES
from taskhub.postgresql.errors import is_caused_by

Action = Literal["retry", "cancel"]


class Refused(Problem):
    status_code = 409
    default_code = "conflict"
    default_detail = "The job has just changed. Look at it again."


def locked(jobs: QuerySet[Job]) -> list[Job]:
    """Lock those rows for control(): of two people at once, the second sees the state that the first left.

    Raises Refused when one of them stays locked for longer than PostgreSQL's lock_timeout, for example by its worker's
    final transaction. The current transaction can go on.
    """
    try:
        with transaction.atomic():
            return list(jobs.select_for_update(no_key=True, of=("self",)))
    except OperationalError as error:
        if not is_caused_by(error, LockNotAvailable):
            raise
        raise Refused("A worker holds this job right now. Look at it again.") from error


def control(job: Job, action: Action, by: Actor) -> None:
    """Retry or cancel in the current transaction; its commit wakes a worker for a retried job. Raises Refused.

    `job` is one that locked() returned.
    """
    if why := refusal(job, action):
        raise Refused(why)
    try:
        if action == "cancel":
            job.cancel(by)
        else:
            job.retry(by, attempts=kind_for_job(job.pk).max_attempts)
            wake_after_commit(kind_for_job(job.pk).queue)
    except StateConflict as error:
        raise Refused from error


def pause(name: str, by: Actor) -> bool:
    """Let no job of `queue:<name>` or `kind:<name>` begin until resume(). Returns False if it was paused already."""
    _, made = Pause.objects.get_or_create(name=name, defaults={"by": by.name, "via": by.via})
    return made


def resume(name: str) -> bool:
    """Let them begin again; the commit of the current transaction wakes workers. Returns False if it was not paused."""
    deleted, _ = Pause.objects.filter(name=name).delete()
    for queue in QUEUES if deleted else ():
        wake_after_commit(queue)
    return bool(deleted)


def pausable() -> list[str]:
    """What can be paused: the queues, and the kinds that this release knows."""
    return [*(f"queue:{name}" for name in QUEUES), *(f"kind:{kind.name}" for kind in kinds())]


def refusal(job: Job, action: Action) -> str:
    """Why the action is not possible, as a sentence; empty if it is possible."""
    state = job.get_state_display().lower()
    if action == "cancel":
        if job.state == State.RUNNING and job.cancel_requested_at:
            return "This job was already asked to stop."
        return "" if job.state in UNFINISHED else f"Only a queued or running job can be cancelled; this one is {state}."
    if job.state not in RETRIABLE:
        return f"Only a job that failed or needs review can be retried; this one is {state}."
    return "" if find_kind(job.pk) else "This release does not know this kind of job."


def consequence(job: Job, action: Action) -> str:
    """What the action will do, as a sentence, provided that it is not refused."""
    if action == "cancel":
        if job.state == State.QUEUED:
            return "It will not run."
        return "It is running: its handler is asked to stop. If the handler does not check, this attempt goes on."
    again = f"It will be tried again, up to {kind_for_job(job.pk).max_attempts} times."
    if job.state == State.NEEDS_REVIEW:
        return f"Whether its external effect happened is not known. You decide that it may happen again. {again}"
    return again


def refusal_to_owner(job: Job, action: Action) -> str:
    """As refusal(), for those who may do only what the kind allows."""
    in_doubt = action == "retry" and job.state == State.NEEDS_REVIEW
    kind = find_kind(job.pk)
    allowed = kind is not None and ("retry_in_doubt" if in_doubt else action) in kind.owner_may
    doubt = " while it is not known whether their effect happened" if in_doubt else ""
    return refusal(job, action) if allowed else f"Owners may not {action} jobs of this kind{doubt}."
