"""The kinds of jobs that a run is made of. Their effects are counted in durable files and tables."""

import os
import signal
import time

from django.db import connection

from accounts.handlers import send_welcome
from devstack.chaos.records import Records
from jobs import engine
from jobs.registry import handler
from jobs.running import heartbeat
from jobs.services import enqueue
from jobs.tests.processes.kinds import COUNT_UP
from tickets import exporting

# A lease of 3 s, so that a run takes minutes. Under faults, good jobs may need many attempts
GOOD = {"max_attempts": 50, "backoff": 0.05, "backoff_limit": 1, "time_limit": 2, "lease": 3}
NEXT_RELEASE = os.environ.get("CHAOS_RELEASE") != "old"  # one worker is of the release before
BAD = {**GOOD, "max_attempts": 3}
records = Records(os.environ["CHAOS_HOME"])


AT_WORK = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"


def misbehave(job, place):
    """A few jobs fail at first: the worker pauses or crashes, or an error is raised, which affects others of the group.

    The time limit does not end a pause, or the other protections would never be needed.
    """
    action = job.payload.get(place)
    if action is None or not records.once(f"{place}-{job.job_id}"):
        return None
    if action == "pause":
        engine.unwatch()
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
    if action == "freeze":
        for pid in (os.getppid(), os.getpid()):
            os.kill(pid, signal.SIGSTOP)
    if action == "kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if action == "raise":
        raise ValueError(job.job_id)
    return "\0" if action == "spoil" else None  # as a result: PostgreSQL knows no such character


def see_that_nobody_else_is_at_work(job):
    """In a transaction that has not ended. Looks twice: PostgreSQL gives this lock back just after that of the row."""
    with connection.cursor() as cursor:
        for seconds in (0.2, 0):
            if cursor.execute(AT_WORK, [job.job_id]).fetchone()[0]:
                return
            time.sleep(seconds)
    records.write("overlapped", job.job_id)


def have_effect(job):
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect VALUES (%s)", [job.job_id])
        cursor.execute(COUNT_UP, [job.job_id])


@handler("child", **GOOD)
@handler("database_only", **GOOD)
def book(job, returned=None):
    see_that_nobody_else_is_at_work(job)
    misbehave(job, "start")
    have_effect(job)
    return misbehave(job, "finish")


def post(job):
    heartbeat(job)  # refuses to be called inside a transaction, as external parts that take long would find out
    records.write("posted", job.job_id)
    misbehave(job, "external")


def welcome(job):
    sent = send_welcome(job)
    misbehave(job, "external")
    return sent


handler("external_call", external=post, **{**GOOD, "time_limit": 2.5 if NEXT_RELEASE else 2})(book)
handler("email", external=welcome, queue="mail", **GOOD)(book)
exporting.BATCH = 2  # tickets in one transaction, so that a small plan has several


def export_plan(job):
    told = exporting.export(job)
    misbehave(job, "external")
    return told


handler("plan", external=export_plan, **GOOD)(book)
handler("doubtful", external=post, in_doubt="park", **GOOD)(book)
if NEXT_RELEASE:
    handler("newer", external=post, **GOOD)(book)


@handler("parent", **GOOD)
def have_a_child(job):
    book(job)
    enqueue("child", job.job_id.partition(":")[2])


@handler("deadlock_once", external=post, **GOOD)
def meet_a_deadlock_once(job, returned):
    book(job)
    if records.once(f"deadlock-{job.job_id}"):
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE deadlock_detected; END $$")


@handler("always_raises", **BAD)
def raise_error(job):
    have_effect(job)
    raise ValueError("as always")


@handler("always_dies", **BAD)
def kill_own_process(job):
    have_effect(job)
    os.kill(os.getpid(), signal.SIGKILL)
