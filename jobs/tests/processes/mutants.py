"""The engine with one protection taken out, to see that the proofs notice. Applied in forked test processes only."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace

from django.db import connection, transaction

from jobs import batch, protocol
from jobs.models import Attempt, JobQuerySet

FENCE, ROW_LOCK = "AND lease_until IS NOT NULL AND attempt = %(attempt)s", "FOR NO KEY UPDATE"


def without_fence():
    """Whoever comes out of its work finishes the job, whatever happened to it meanwhile."""
    protocol.HOLD, protocol.SUCCEED = (without(FENCE, statement) for statement in (protocol.HOLD, protocol.SUCCEED))


def without(part, statement):
    assert part in statement
    return statement.replace(part, "")


def without_row_lock():
    JobQuerySet.select_for_update = lambda rows, **options: rows.all()
    protocol.HOLD = without(ROW_LOCK, protocol.HOLD)


def without_same_transaction_completion():
    """The effects are committed, and then, in another transaction, the word that they are."""

    execute = protocol.execute

    def commit_first(statement, job, **values):
        if statement == protocol.SUCCEED:
            connection.connection.commit()
        return execute(statement, job, **values)

    protocol.execute = commit_first


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


def batch_without_savepoint():
    """What a job did before it raised is committed with what the others did."""
    atomic = transaction.atomic
    batch.transaction = SimpleNamespace(atomic=lambda: nullcontext() if connection.in_atomic_block else atomic())


def batch_without_mark():
    """A batch that killed its process is taken again as a whole."""
    batch.worker_name = str


def batch_without_row_lock_and_fence():
    """Whatever happened to its jobs meanwhile, a batch finishes them."""
    without_row_lock()
    batch.SUCCEED = without("AND attempt = 0 AND finished_at IS NULL", batch.SUCCEED)


def batch_without_row_lock_fence_and_key():
    """Nor does it mind that the attempt it writes down has been made by somebody else."""
    batch_without_row_lock_and_fence()
    create = Attempt.objects.bulk_create
    Attempt.objects.bulk_create = lambda rows: create(rows, ignore_conflicts=True)


def batch_without_same_transaction_completion():
    succeed = batch.succeed

    def commit_first(results):
        connection.connection.commit()
        succeed(results)

    batch.succeed = commit_first
