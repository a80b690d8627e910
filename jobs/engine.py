"""Carries out jobs: claim, the external part, settle. docs/jobs.md says why that is exactly once.

The safety argument needs no clock: what a job does to the database commits only together with `running -> succeeded`,
which is the first statement of that transaction, locks the row, and holds only while `attempt` is ours. Leases decide
only when another may try.
"""

import faulthandler
import json
import logging
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import (
    DEFAULT_DB_ALIAS,
    DatabaseError,
    InterfaceError,
    OperationalError,
    connection,
    connections,
    transaction,
)
from django.db.models.functions import Now
from django.utils import timezone
from psycopg.pq import TransactionStatus

from jobs import claims
from jobs.failing import fail
from jobs.failpoints import failpoint
from jobs.models import Job, LeaseLost
from jobs.registry import Cancelled, Kind, NotDone, PermanentError, Snooze, find_kind, get_kind, kinds
from taskhub.postgresql.errors import PASSING_STATES, sqlstate

log = logging.getLogger("jobs")
GROUP_SECONDS = 1.0  # after the claim; later, none of a group is begun any more
GROUP_TARGET = 0.2  # seconds of work that a group is meant to hold
LARGEST_GROUP = 50
RUNS = 3  # of a transaction that PostgreSQL asks to try again, or whose connection is lost
TRY_AGAIN = ("40001", "40P01", "55P03")  # serialization failure, deadlock, lock timeout
STDERR = 2  # its file descriptor
LONGEST_PAUSE = 1.0  # seconds between two tries to reach PostgreSQL
STATED = (NotDone, PermanentError, Snooze, Cancelled)  # an external part that raises one of these had no effect
SUCCEED = """
    UPDATE job_log SET state = 'succeeded', result = nullif(%(result)s::jsonb, 'null'), external_result = NULL,
        finished_at = statement_timestamp(), lease_until = NULL, error_code = '', error = '', in_doubt_since = NULL
    WHERE job_id = %(job_id)s AND lease_until IS NOT NULL AND attempt = %(attempt)s
"""
SET_RESULT = "UPDATE job_log SET result = %(result)s, finished_at = statement_timestamp() WHERE job_id = %(job_id)s"
seconds_of: dict[str, float] = {}  # what a job of a kind took in this process lately


def work(queue: str, more: Callable[[], object], until: Callable[[], bool]) -> bool:
    """Carry out jobs of the queue until none is due or `until()` is true. Returns whether there may be more.

    Calls `more()` when there seems to be enough work for another process.
    """
    served = kinds(queue)
    while carry_out_new(served, more) + any(map(run, claims.find(served))):
        if until():
            return True
    return False


def carry_out_new(served: Sequence[Kind], more: Callable[[], object]) -> int:
    """Carry out a group of new jobs of one kind. Returns how many were claimed."""
    begin_until = time.monotonic() + GROUP_SECONDS
    sizes = {kind: group_size(kind) for kind in served if kind.in_doubt != "park"}
    jobs = claims.claim_new({kind: size for kind, size in sizes.items() if kind.rate is None}, GROUP_SECONDS)
    jobs = jobs or claim_rated({kind: size for kind, size in sizes.items() if kind.rate is not None})
    if not jobs:
        return 0
    kind = get_kind(jobs[0].kind)
    if len(jobs) == sizes[kind]:
        more()
    with watched(kind, GROUP_SECONDS):
        rest = carry_out_group(jobs, kind, begin_until)
    if rest:
        claims.release(rest)
        claims.give_back(kind, len(rest))
    learn(kind, (time.monotonic() - begin_until + GROUP_SECONDS) / max(1, len(jobs) - len(rest)))
    return len(jobs)


def claim_rated(sizes: Mapping[Kind, int]) -> list[Job]:
    """As claims.claim_new(), for kinds with a rate."""
    due = claims.due(sizes) if sizes else ()
    for kind, size in sizes.items():
        if kind.name in due and (allowed := claims.allow(kind, size)):
            jobs = claims.claim_new({kind: allowed}, GROUP_SECONDS)
            claims.give_back(kind, allowed - len(jobs))
            if jobs:
                return jobs
    return []


def carry_out_group(jobs: list[Job], kind: Kind, begin_until: float) -> list[Job]:
    """Returns those that were not begun in time."""
    if kind.external is None and len(jobs) > 1:
        jobs = settle_together(jobs, kind, begin_until)
    while jobs and time.monotonic() < begin_until:
        job, *jobs = jobs
        attempt(job, kind)
    return jobs


def group_size(kind: Kind) -> int:
    """How many to claim together: few enough not to keep them from idle workers for long."""
    if kind.lease is not None or kind.name not in seconds_of:
        return 1
    return max(1, min(LARGEST_GROUP, int(GROUP_TARGET / seconds_of[kind.name])))


def learn(kind: Kind, seconds: float) -> None:
    seconds_of[kind.name] = (seconds_of.get(kind.name, seconds) + seconds) / 2


def run(job_id: str) -> str:
    """Carry out this job alone, if it can be claimed. Returns its outcome, or "" if it was not claimed."""
    kind = find_kind(job_id)
    if kind is None or not claims.allow(kind, 1):
        return ""  # a worker of a newer release will know it, or its turn comes later
    with watched(kind):
        job = claims.claim(job_id, kind)
        if job is None:
            claims.give_back(kind, 1)
            return ""
        return attempt(job, kind)


def settle_together(jobs: list[Job], kind: Kind, begin_until: float) -> list[Job]:
    """As many as can be begun in time, in one transaction. Returns the others: all, when one of them raises."""
    done = 0
    try:
        with transaction.atomic():
            while done < len(jobs) and time.monotonic() < begin_until:
                settle(jobs[done], kind, None, savepoint=False)
                done += 1
            failpoint("together.before_commit")
        failpoint("together.after_commit")
    except Exception as error:  # carried out alone, each one shows whether it was the cause
        log.debug("%d %s go alone", len(jobs), kind.name, exc_info=error)
        discard_broken_connection()
        return jobs
    log.info("%d %s succeeded", done, kind.name)
    return jobs[done:]


def attempt(job: Job, kind: Kind) -> str:
    """One attempt at a claimed job. Returns its outcome. Raises Unreachable."""
    try:
        returned = external(job, kind)
        persevere(lambda: settle(job, kind, returned))
    except LeaseLost:
        return "lease lost"
    except (SystemExit, KeyboardInterrupt, Unreachable):
        raise
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is recorded and decides what follows
        caught = error
        discard_broken_connection()
        return str(persevere(lambda: fail(job, kind, caught)))
    log.info("%s: succeeded", job.pk)
    return "succeeded"


def external(job: Job, kind: Kind) -> Any:
    """The result of the external part, from this or an earlier attempt.

    For a `park` kind, the row is marked as in doubt before it begins, and no longer so once the outcome is known.
    """
    if kind.external is None:
        return None
    if job.external_result is not None:
        return job.external_result[0]
    failpoint("external.before")
    if kind.in_doubt == "park":
        persevere(lambda: hold(job, in_doubt_since=Now()))
        job.in_doubt_since = timezone.now()
    try:
        with interrupted_after(kind.soft_time_limit):
            returned = kind.external(job)
    except STATED:
        job.in_doubt_since = None
        raise
    failpoint("external.after")
    require_autocommit()
    if kind.finish is not None:
        kept = [json.loads(as_json(returned))]
        persevere(lambda: hold(job, external_result=kept, in_doubt_since=None))
        job.in_doubt_since = None
        failpoint("external.kept")
    return returned


def require_autocommit() -> None:
    if not connection.get_autocommit():
        raise RuntimeError("The external part left the connection in a transaction.")


def hold(job: Job, **fields: Any) -> None:
    """Write fields of a job whose attempt is ours. Raises LeaseLost."""
    if not Job.objects.held(job).update(**fields):
        raise LeaseLost(job.pk)


def as_json(value: Any) -> str:
    """Raises PermanentError: no other attempt would return anything else."""
    try:
        return json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise PermanentError(f"What the handler returned is not JSON: {error}") from error


def settle(job: Job, kind: Kind, returned: Any, savepoint: bool = True) -> None:
    """Mark the job succeeded, which is the fence, and do what it does to the database, in one transaction."""
    if kind.finish is None:
        succeed(job, as_json(returned))
        failpoint("settle.after_commit")
        return
    with transaction.atomic(savepoint=savepoint):
        failpoint("settle.before")
        succeed(job, "null")
        failpoint("settle.fenced")
        with interrupted_after(kind.soft_time_limit):
            result = kind.finish(job) if kind.external is None else kind.finish(job, returned)
        connection.validate_no_broken_transaction()  # or the rollback would go unnoticed
        if connection.connection.info.transaction_status != TransactionStatus.INTRANS:
            raise RuntimeError("The handler ended the transaction by itself.")
        if result is not None:
            execute(SET_RESULT, job, result=as_json(result))
        failpoint("settle.before_commit")
    failpoint("settle.after_commit")


def succeed(job: Job, result: str) -> None:
    """Store the result (JSON). Raises LeaseLost."""
    if not execute(SUCCEED, job, result=result):
        raise LeaseLost(job.pk)


def execute(statement: str, job: Job, **values: Any) -> int:
    """Returns the number of rows. The job's id and the attempt that `job` stands for are among the values."""
    with connection.cursor() as cursor:
        cursor.execute(statement, {"job_id": job.pk, "attempt": job.attempt, **values})
        rows: int = cursor.rowcount
        return rows


def is_connected() -> bool:
    return bool(connection.is_connected())  # type: ignore[attr-defined] # of taskhub.postgresql


class Unreachable(Exception):
    """PostgreSQL stayed unreachable. Whether the last commit happened, the next claim sees in the row."""


def persevere(write: Callable[[], Any]) -> Any:
    """Runs `write`, again after a lost connection, deadlock or lock timeout. Returns its result. Raises Unreachable."""
    for _ in range(RUNS - 1):
        wire = connection.connection
        try:
            return write()
        except (DatabaseError, InterfaceError) as error:
            if sqlstate(error) in PASSING_STATES:
                connection.close()
            elif sqlstate(error) not in TRY_AGAIN and not was_lost(wire):
                raise
            log.debug("once more", exc_info=error)
            reconnect()
    return write()


def was_lost(wire: Any) -> bool:
    """Whether that psycopg connection was lost, even if Django has opened another one since."""
    return wire is None or bool(wire.closed) or not is_connected()


def reconnect() -> None:
    """Wait for PostgreSQL for as long as this process may be silent. Raises Unreachable."""
    pause = 0.05
    while True:
        discard_broken_connection()
        try:
            connection.ensure_connection()
        except OperationalError as error:
            if time.monotonic() + 2 * pause > watch.silent_until:
                raise Unreachable from error
        else:
            return
        time.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def discard_broken_connection() -> None:
    """After a time limit that interrupted COMMIT, Django still believes that it is inside a transaction."""
    wire = connection.connection
    if wire is None:
        return
    if connection.in_atomic_block or not connection.autocommit or not is_connected():
        wire.close()
        del connections[DEFAULT_DB_ALIAS]


@contextmanager
def interrupted_after(seconds: float) -> Iterator[None]:
    """Raises SoftTimeLimitExceeded in the body once it takes longer. Main thread only, where Celery runs tasks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGALRM, interrupt)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def interrupt(signum: int, frame: Any) -> None:
    raise SoftTimeLimitExceeded


class Watch:
    """When this process must have sent a sign of life, and when it must have ended: times of time.monotonic()."""

    silent_until = end = 0.0

    def extend(self, seconds: float) -> None:
        """Kills this process, with its stacks in the log, unless extended again by then. Nothing here can stop it."""
        now = time.monotonic()
        self.silent_until = min(now + seconds, self.end)
        faulthandler.dump_traceback_later(max(0.01, self.silent_until - now), exit=True, file=STDERR)


watch = Watch()


@contextmanager
def watched(kind: Kind, extra: float = 0) -> Iterator[None]:
    """Run the body under the time limit of the kind, plus so many seconds."""
    watch.end = time.monotonic() + kind.time_limit + extra
    watch.extend(kind.silence_limit + extra)
    try:
        yield
    finally:
        unwatch()


def unwatch() -> None:
    faulthandler.cancel_dump_traceback_later()
    watch.silent_until = watch.end = 0.0
