"""Kinds of jobs with effects that can be counted. Loaded in test processes only."""

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

from billiard.exceptions import SoftTimeLimitExceeded
from django.db import connection

from jobs import engine
from jobs.registry import NotDone, PermanentError, Snooze, handler
from jobs.running import check_cancelled

COUNT_UP = "INSERT INTO effect_count VALUES (%s, 1) ON CONFLICT (job_id) DO UPDATE SET n = effect_count.n + 1"
FAST = {"max_attempts": 3, "backoff": 0.05, "time_limit": 3, "lease": 1.5}  # seconds
ONCE = {**FAST, "max_attempts": 1, "time_limit": 1.5, "lease": 2}
STEADY = {**FAST, "time_limit": 50, "lease": 60}  # for jobs that nobody else may take over, however slow the machine is


def stop_in(place, job):
    """What a pause of the whole machine looks like to everybody else: the process halts until SIGCONT.

    Its time is not looked at, or it would end when it wakes: what else protects the job could not be seen.
    """
    if job.attempt == 1 and job.payload.get("stop_in") == place:
        engine.unwatch()
        signal.setitimer(signal.ITIMER_REAL, 0)
        os.kill(os.getpid(), signal.SIGSTOP)


@handler("database", **FAST)
def have_effect(job, outcome=None):
    stop_in("finish", job)
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO effect VALUES (%s)", [job.job_id])
        cursor.execute(COUNT_UP, [job.job_id])


def send(job):
    """An external effect, with the job's id as its dedupe key."""
    with Path(os.environ["TASKHUB_TEST_SINK"]).open("a") as sink:
        sink.write(f"{job.job_id}\n")
        sink.flush()
        os.fsync(sink.fileno())
    stop_in("external", job)


def fall_asleep_and_send(job):
    os.kill(os.getpid(), signal.SIGSTOP)
    time.sleep(1)  # what it does next; that it is ended takes a moment
    send(job)


def not_before(job):
    if job.attempt == 1:
        raise Snooze(1)
    send(job)


def not_sent_at_first(job):
    if job.attempt == 1:
        raise NotDone("nobody listened")
    send(job)


def look_and_send(job):
    stop_in("look", job)
    check_cancelled(job)
    send(job)


def send_and_wait_to_be_killed(job):
    send(job)
    if job.attempt == 1:
        signal.pause()


def sleep(job):
    time.sleep(6)


def grow(job):
    """Beyond what a process of a worker may have."""
    return len(b"x" * (300 * 1024 * 1024))


def wait_without_end(job):
    signal.pause()


def wait_although_it_was_interrupted(job):
    with suppress(SoftTimeLimitExceeded):
        signal.pause()
    signal.pause()


handler("external", external=send, **FAST)(have_effect)
handler("steady", external=send, **STEADY)(have_effect)
handler("asleep", external=sleep, **STEADY)(have_effect)
handler("in_the_mail", external=send, queue="mail", **STEADY)(have_effect)
handler("growing", external=grow, **STEADY)(have_effect)
handler("parked", external=send, in_doubt="park", **FAST)(have_effect)
handler("parked_later", external=not_sent_at_first, in_doubt="park", **FAST)(have_effect)
handler("obedient", external=look_and_send, **FAST)(have_effect)
handler("obedient_steady", external=look_and_send, **STEADY)(have_effect)
handler("obedient_parked", external=look_and_send, in_doubt="park", **FAST)(have_effect)
handler("endless", external=wait_without_end, **ONCE)(have_effect)
handler("stubborn", external=wait_although_it_was_interrupted, **ONCE)(have_effect)
handler("patient", external=send_and_wait_to_be_killed, **{**FAST, "time_limit": 5, "lease": 4})(have_effect)
handler("drowsy", external=fall_asleep_and_send, **FAST)(have_effect)
handler("snoozing", external=not_before, **FAST)(have_effect)


@handler("raising", **FAST)
def raise_error(job):
    have_effect(job)
    raise ValueError("smtp://user:secret@mail is down")


@handler("hopeless", **FAST)
def raise_permanent_error(job):
    have_effect(job)
    raise PermanentError("never")


@handler("poison", **FAST)
def kill_own_process(job):
    have_effect(job)
    os.kill(os.getpid(), signal.SIGKILL)


@handler("deadlocked", external=send, **FAST)
def meet_a_deadlock_once(job, outcome):
    """What PostgreSQL answers asks for another run of the transaction, not for another attempt."""
    have_effect(job)
    if not Path(f"{os.environ['TASKHUB_TEST_SINK']}-{job.pk}").exists():
        Path(f"{os.environ['TASKHUB_TEST_SINK']}-{job.pk}").touch()
        with connection.cursor() as cursor:
            cursor.execute("DO $$ BEGIN RAISE deadlock_detected; END $$")


@handler("at_times_deadly", **FAST)
def kill_if_told(job):
    have_effect(job)
    if job.payload.get("kill"):
        os.kill(os.getpid(), signal.SIGKILL)


@handler("at_times_raising", **STEADY)
def raise_if_told(job):
    have_effect(job)
    if job.payload.get("raise"):
        raise ValueError("as told")
