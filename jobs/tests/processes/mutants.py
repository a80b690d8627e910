"""The engine with one protection taken out, to see that the proofs notice. Applied in forked test processes only."""

import json
from dataclasses import replace

from django.db import connection, transaction

from jobs import claims, engine, services, sweep
from jobs.models import JobQuerySet, LeaseLost

FENCE = "AND lease_until IS NOT NULL AND attempt = %(attempt)s"


def without(part, statement, instead=""):
    assert part in statement
    return statement.replace(part, instead)


def without_fence():
    """Whoever comes out of its work settles the job, whatever happened to it meanwhile."""
    engine.SUCCEED = without(FENCE, engine.SUCCEED)
    JobQuerySet.held = lambda rows, job: rows.filter(pk=job.pk)


def fence_after_the_work():
    """The row is not locked while its work is done."""

    def settle(job, kind, returned, savepoint=True):
        with transaction.atomic(savepoint=savepoint):
            result = kind.finish(job) if kind.external is None else kind.finish(job, returned)
            if not engine.execute(engine.SUCCEED, job, result=json.dumps(result)):
                raise LeaseLost(job.pk)

    engine.settle = settle


def without_fence_and_row_lock():
    fence_after_the_work()
    without_fence()


def without_same_transaction_completion():
    """The word is committed, and then, in another transaction, what it says."""
    execute = engine.execute

    def commit_at_once(statement, job, **values):
        rows = execute(statement, job, **values)
        connection.connection.commit()
        return rows

    engine.execute = commit_at_once


def external_inside_the_transaction():
    """The mistake that is easiest to make."""
    engine.external = lambda job, kind: None
    settle = engine.settle

    def settle_with_external_part(job, kind, returned, savepoint=True):
        if kind.external is None:
            return settle(job, kind, returned, savepoint)
        if kind.finish is None:
            whole = replace(kind, finish=lambda job, returned: kind.external(job))
        else:
            whole = replace(kind, finish=lambda job, returned: kind.finish(job, kind.external(job)))
        return settle(job, whole, returned, savepoint)

    engine.settle = settle_with_external_part


def claim_without_lease_test():
    """A job is taken from a worker that is at it."""
    claims.CLAIM = without("THEN lease_until < statement_timestamp()", claims.CLAIM, "THEN true")
    claims.FIND = without("AND COALESCE(lease_until, run_at) <= statement_timestamp()", claims.FIND)


def attempt_uncommitted_before_external():
    """A process that dies takes with it that it had begun."""
    external = engine.external

    def external_before_the_claim(job, kind):
        def call(job):
            claims.release([job])
            returned = kind.external(job)
            values = {"job_id": job.pk, "attempt": 0, "worker": job.worker, "lease": job.lease_until - job.started_at}
            claims.fetch(claims.CLAIM, values)
            return returned

        once_more = kind.external is None or job.attempt > 1
        return external(job, kind if once_more else replace(kind, external=call))

    engine.external = external_before_the_claim


def external_twice():
    """For good measure."""
    external = engine.external

    def call_twice(job, kind):
        external(job, kind)
        job.external_result = None
        return external(job, kind)

    engine.external = call_twice


def sweep_silent():
    """What nobody was told of waits for ever."""
    sweep.wake = lambda queue: True


def enqueue_on_its_own_connection():
    """The job is there, whatever becomes of what it is about."""
    insert = services.insert

    def insert_elsewhere(kind, rows):
        other = connection.copy()
        services.connection, before = other, services.connection
        try:
            insert(kind, rows)
        finally:
            services.connection = before
            other.close()

    services.insert = insert_elsewhere
