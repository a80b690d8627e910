"""The engine with one protection taken out, to see that the proofs notice. Applied in forked test processes only."""

from dataclasses import replace

from django.db import connection

from jobs import protocol
from jobs.models import JobQuerySet, State

move = JobQuerySet.move


def without_fence():
    """Whoever comes out of its work finishes the job, whatever happened to it meanwhile."""
    JobQuerySet.held = lambda rows, job: rows.filter(pk=job.pk)
    JobQuerySet.move = lambda rows, source, target, **fields: move(rows, source, target, **fields) or rows.count()


def without_row_lock():
    JobQuerySet.select_for_update = lambda rows, **options: rows.all()


def without_same_transaction_completion():
    """The effects are committed, and then, in another transaction, the word that they are."""

    def commit_first(rows, source, target, **fields):
        if target == State.SUCCEEDED:
            connection.connection.commit()
        return move(rows, source, target, **fields)

    JobQuerySet.move = commit_first


def without_row_lock_and_fence():
    without_row_lock()
    without_fence()


def external_inside_the_transaction():
    """The mistake that is easiest to make."""
    protocol.external = lambda job, kind: None
    work = protocol.work

    def work_with_external_part(job, kind, outcome):
        finish = kind.finish
        work(job, replace(kind, finish=lambda job, outcome: finish(job, kind.external(job))), outcome)

    protocol.work = work_with_external_part
