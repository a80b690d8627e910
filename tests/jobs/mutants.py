"""The engine with one protection taken out, to see that the proofs notice. Applied in forked test processes only."""

from django.db import connection

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
