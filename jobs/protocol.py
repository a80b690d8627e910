"""Carries out one job exactly once: claim, work, fail. Each is one transaction; docs/jobs.md says why this is enough.

The safety argument needs no clock: database effects commit only together with `running -> succeeded`, under the row's
lock and while `attempt` is ours, and attempts are counted under the same lock. Leases decide only when another may try.
"""

import json
import logging
import os
import re
import socket
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import DEFAULT_DB_ALIAS, InterfaceError, OperationalError, connection, connections, transaction
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.errors import LockNotAvailable

from jobs.failpoints import failpoint
from jobs.models import LONGEST_ERROR, UNFINISHED, Attempt, Job, LeaseLost, Outcome, State
from jobs.registry import Cancelled, Kind, NotDone, PermanentError, find_kind
from taskhub.postgresql.errors import is_caused_by, sqlstate

log = logging.getLogger("jobs")
NOTHING = "nothing to do"
FAILED = (Outcome.ERROR, Outcome.PERMANENT_ERROR, Outcome.TIME_LIMIT, Outcome.IN_DOUBT)  # log_failure has told of it
PASSWORD_IN_URL = re.compile(r"//[^/@\s]*@")
SENTENCES = {
    Outcome.WORKER_LOST: "The worker vanished; its lease ended.",
    Outcome.IN_DOUBT: "Whether the external effect happened is unknown, and it may not happen twice.",
}
# What every job takes, as fixed text: for the ORM, to put a statement together costs more than PostgreSQL's part of it.
# A job and its attempt change together, and the number of rows says whether the condition held. A job that runs is one
# that has a lease: `state = 'running'` would let a planner that knows of no unfinished job read all of them by
# job_log_due_idx instead of this one by its key
CLAIM = """
    WITH claimed AS (
        UPDATE job_log SET state = 'running', attempt = attempt + 1, worker = %(worker)s, progress = NULL,
            started_at = statement_timestamp(), lease_until = statement_timestamp() + %(lease)s,
            deliver_at = statement_timestamp() + %(lease)s, deliveries = 0
        WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND CASE state
            WHEN 'queued' THEN run_at <= statement_timestamp()
            WHEN 'running' THEN lease_until < statement_timestamp()
        END
        RETURNING job_id, attempt, worker
    )
    INSERT INTO job_attempt (job_id, attempt, worker, outcome, error)
    SELECT job_id, attempt, worker, '', '' FROM claimed
"""
HOLD = """
    SELECT FROM job_log
    WHERE job_id = %(job_id)s AND lease_until IS NOT NULL AND attempt = %(attempt)s FOR NO KEY UPDATE
"""
SUCCEED = """
    WITH ended AS (
        UPDATE job_attempt SET ended_at = statement_timestamp(), outcome = 'succeeded'
        WHERE job_id = %(job_id)s AND attempt = %(attempt)s AND ended_at IS NULL
    )
    UPDATE job_log SET state = 'succeeded', result = nullif(%(result)s::jsonb, 'null'),
        finished_at = statement_timestamp(), lease_until = NULL, error_code = '', error = '', in_doubt_since = NULL
    WHERE job_id = %(job_id)s AND lease_until IS NOT NULL AND attempt = %(attempt)s
"""
EMPTY_PAYLOAD_SHA = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"  # of {}


def run(job_id: str) -> str:
    """Carry out a job if it is there to be done. Returns what came of it, for the log."""
    kind = find_kind(job_id)
    if kind is None:
        return "unknown kind"  # a worker of a newer release will know it
    job = claim(job_id, kind)
    return NOTHING if job is None else attempt(job, kind)


def attempt(job: Job, kind: Kind) -> str:
    wire = connection.connection
    try:
        work(job, kind, external(job, kind))
    except LeaseLost:
        return "lease lost"
    except Exception as error:  # whatever a handler raises is written down and decides what follows
        if connection_was_lost(error, wire):
            raise  # whether the commit happened is unknown: the row says it, to whoever claims it after the lease
        if not isinstance(error, Cancelled):
            log_failure(job, error)
        discard_broken_connection()
        return fail(job, kind, error)
    return "succeeded"


def log_failure(job: Job, error: Exception) -> None:
    """One line for each attempt; where the error was raised, once no further one follows."""
    last = job.attempt >= job.max_attempts or isinstance(error, PermanentError)
    count, said = f"attempt {job.attempt} of {job.max_attempts}", describe(error).partition("\n")[0]
    log.warning("%s: %s failed: %s", job.job_id, count, said, exc_info=error if last else None)


def connection_was_lost(error: Exception, wire: Any) -> bool:
    """Unlike a deadlock, which PostgreSQL answers on a connection that goes on, and unlike what another server said.

    `wire` is psycopg's connection of before: when a transaction ends on a lost one, Django may have a new one already.
    """
    if not isinstance(error, OperationalError | InterfaceError):
        return False
    state = sqlstate(error)
    return state.startswith(("08", "57P")) if state else wire is None or bool(wire.closed)


def discard_broken_connection() -> None:
    """A time limit that strikes while COMMIT is under way leaves Django believing that it is inside a transaction."""
    if connection.in_atomic_block or (connection.connection and not connection.autocommit):
        if connection.connection:
            connection.connection.close()
        del connections[DEFAULT_DB_ALIAS]


def claim(job_id: str, kind: Kind) -> Job | None:
    """Take the job for one attempt: count it and start the lease. None when it is done, held, not due, or not there."""
    try:
        with transaction.atomic():
            job = locked(job_id, kind)
            failpoint("claim.locked")
            taken = job and take(job, kind)
            failpoint("claim.before_commit")
    except OperationalError as error:
        if is_caused_by(error, LockNotAvailable):
            return None  # its worker is about to finish it, or somebody is about to let go of the row
        raise
    failpoint("claim.after_commit")
    return taken or None


def locked(job_id: str, kind: Kind) -> Job | None:
    new = {"kind": kind.name, "max_attempts": kind.max_attempts, "payload_sha": EMPTY_PAYLOAD_SHA}
    rows = Job.objects.select_for_update(nowait=True, no_key=True)
    job, created = rows.get_or_create(job_id=job_id, defaults=new)
    if created and not kind.from_message:
        transaction.set_rollback(True)  # the message is of a job that was rolled back, or pruned
        return None
    return job


def take(job: Job, kind: Kind) -> Job | None:
    """The locked job, claimed, or None. Whoever held it before has been silent for a whole lease."""
    if job.state not in UNFINISHED:
        return None
    left_behind = job.state == State.RUNNING
    if left_behind and job.in_doubt_since:
        give_up(job, State.NEEDS_REVIEW, Outcome.IN_DOUBT)
        return None
    if left_behind and job.cancel_requested_at:
        give_up(job, State.CANCELLED, Outcome.WORKER_LOST)
        return None
    if left_behind and job.attempt >= job.max_attempts:
        give_up(job, State.FAILED, Outcome.WORKER_LOST)
        return None
    if not execute(CLAIM, job, worker=worker_name(), lease=kind.lease):
        return None
    if left_behind:
        end_attempt(job, Outcome.WORKER_LOST)
    job.attempt += 1
    return job


def give_up(job: Job, target: State, outcome: Outcome) -> None:
    rows = Job.objects.filter(pk=job.pk).claimable()
    if rows.move(State.RUNNING, target, error_code=outcome, error=SENTENCES[outcome]):
        end_attempt(job, outcome)


def external(job: Job, kind: Kind) -> Any:
    """The part outside any transaction. A kind that may not be repeated leaves word before it begins."""
    if kind.external is None:
        return None
    failpoint("external.before")
    if kind.in_doubt == "park":
        if not Job.objects.held(job).update(in_doubt_since=Now()):
            raise LeaseLost(job.job_id)
        job.in_doubt_since = timezone.now()
    outcome = kind.external(job)
    failpoint("external.after")
    return outcome


def work(job: Job, kind: Kind, outcome: Any) -> None:
    """The database effects and the word `succeeded`, in one transaction, behind the fence."""
    with transaction.atomic():
        if not execute(HOLD, job):
            raise LeaseLost(job.job_id)
        failpoint("work.before")
        result = kind.finish(job, outcome)
        failpoint("work.after")
        if not execute(SUCCEED, job, result=json.dumps(result, allow_nan=False)):
            raise LeaseLost(job.job_id)
        failpoint("work.before_commit")
    failpoint("work.after_commit")


def execute(statement: str, job: Job, **values: Any) -> int:
    """Returns the number of rows. The job's id and the attempt that `job` stands for are among the values."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"job_id": job.pk, "attempt": job.attempt, **values})
        rows: int = cursor.rowcount
        return rows


def fail(job: Job, kind: Kind, error: Exception) -> str:
    """Write down why, and when to try again, if ever. The transaction of the work has been rolled back."""
    outcome = outcome_of(error, job)
    said = describe(error)
    failpoint("fail.before")
    with transaction.atomic():
        if not leave(job, kind, outcome, said):
            return "lease lost"
        end_attempt(job, outcome, said)
        failpoint("fail.before_commit")
    return outcome


def leave(job: Job, kind: Kind, outcome: Outcome, said: str) -> int:
    """Move a job whose attempt did not succeed to where it belongs. Returns 0 when the lease is lost."""
    rows = Job.objects.held(job)
    if outcome == Outcome.CANCELLED:
        return rows.move(State.RUNNING, State.CANCELLED, in_doubt_since=None)
    written: dict[str, Any] = {"error_code": outcome, "error": said}
    if outcome == Outcome.IN_DOUBT:
        return rows.move(State.RUNNING, State.NEEDS_REVIEW, **written)
    written["in_doubt_since"] = None
    if outcome == Outcome.PERMANENT_ERROR or job.attempt >= job.max_attempts:
        return rows.move(State.RUNNING, State.FAILED, **written)
    again = Now() + kind.wait_after(job.attempt)
    wanted = rows.filter(cancel_requested_at=None)
    return wanted.move(State.RUNNING, State.QUEUED, run_at=again, deliver_at=again, **written) or rows.move(
        State.RUNNING, State.CANCELLED, **written
    )


def end_attempt(job: Job, outcome: Outcome, error: str = "") -> None:
    Attempt.objects.filter(job=job.pk, attempt=job.attempt, ended_at=None).update(
        ended_at=Now(), outcome=outcome, error=error or SENTENCES.get(outcome, "")
    )


def outcome_of(error: Exception, job: Job) -> Outcome:
    if isinstance(error, Cancelled) and job.cancel_requested_at:
        return Outcome.CANCELLED
    if job.in_doubt_since and not isinstance(error, NotDone | PermanentError):
        return Outcome.IN_DOUBT
    if isinstance(error, PermanentError):
        return Outcome.PERMANENT_ERROR
    return Outcome.TIME_LIMIT if isinstance(error, SoftTimeLimitExceeded) else Outcome.ERROR


def describe(error: Exception) -> str:
    """For staff: the class and the message, without what looks like a password in a URL, and without NUL."""
    said = f"{type(error).__name__}: {error}".replace("\0", "")
    return PASSWORD_IN_URL.sub("//***@", said)[:LONGEST_ERROR]


def worker_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"[:80]
