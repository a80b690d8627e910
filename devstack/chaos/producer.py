"""`python -m devstack.chaos.producer NUMBER OF SEED JOBS SECONDS`: registers its share of the jobs, on record."""

import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

from django.db import DatabaseError, InterfaceError, connection, transaction
from kombu.exceptions import OperationalError
from redis import RedisError

from devstack.chaos import celery_app, plan
from devstack.chaos.kinds import records
from taskhub.redis import redis_client

DUPLICATES, FUTURE, UNDONE, CONTROLLED = 0.05, 0.05, 0.03, 0.03
ROUND = 5  # seconds: those who paused go on, and had time to do harm


def register(kind, key, payload, **options):
    """In the transaction of a new user, where there is a mail to send. Returns the id."""
    from accounts.models import User
    from jobs.services import enqueue

    with transaction.atomic():
        if kind == "email":
            user = User.objects.filter(username=f"user{key}").first() or User.objects.create_user(
                username=f"user{key}", email=f"{key}@example.com", password=None
            )
            payload = {**payload, "user_id": str(user.pk)}
        if kind == "plan":
            payload = {**payload, "plan_id": str(plan_named(key).pk), "run": 1, "actor": "planner"}
        return enqueue(kind, key, payload, **options)


def plan_named(key):
    """A plan whose tickets, each of which needs the one before, are to be exported."""
    from accounts.models import User
    from tickets.models import Plan, Ticket, TicketDependency

    if found := Plan.objects.filter(site_name=key).first():
        return found
    owner = User.objects.create_user(username=f"planner{key}", password=None)
    made = Plan.objects.create(owner=owner, site_name=key, stage="export", run=1)
    of, place = {"owner": owner, "plan": made}, {"group_name": "Content", "group_place": 0, "sources": []}
    tickets = [
        Ticket(**of, **place, source_key=str(n), position=n, title=f"Ticket {n}", description="As specified.")
        for n in range(1, 6)
    ]
    Ticket.objects.bulk_create(tickets)
    TicketDependency.objects.bulk_create(
        TicketDependency(**of, ticket=ticket, needs=before, origin="manual") for before, ticket in pairwise(tickets)
    )
    return made


def attempt(*job, **options):
    """Whether it was acknowledged. When not, nobody tries again: it may be there or not."""
    try:
        records.write("acknowledged", register(*job, **options))
    except (DatabaseError, InterfaceError) as error:
        records.write("refused", f"{job[0]}:{job[1]} {type(error).__name__}")
        connection.close()
        return False
    return True


def send(queue="default", what=None):
    """Send a wake-up, or something malformed. Returns whether the broker took it."""
    try:
        if what is None:
            celery_app.app.send_task("jobs.work", args=[queue], queue=queue, retry=False)
        else:
            redis_client().lpush(queue, what)
    except (OperationalError, RedisError, OSError):
        return False  # the sweep sends one, too
    return True


def roll_back(kind, key, payload):
    """Register a job and roll back: it must never be seen."""
    try:
        with transaction.atomic():
            register(kind, f"undone{key}", payload)
            transaction.set_rollback(True)
    except (DatabaseError, InterfaceError):
        connection.close()
    records.write("rolled_back", f"{kind}:undone{key}")


def control(kind, key):
    """A person cancels that job, and retries one that needs review."""
    from jobs.control import Refused, locked
    from jobs.control import control as control_job
    from jobs.models import Actor, Job, State, Via
    from jobs.services import cancel

    try:
        if kind != "doubtful":
            records.write("cancel_asked", f"{kind}:{key}")
            with transaction.atomic():
                cancel(kind, key)
        with transaction.atomic():
            for job in locked(Job.objects.filter(kind="doubtful", state=State.NEEDS_REVIEW)[:1]):
                records.write("retried_by_person", job.pk)
                control_job(job, "retry", Actor("boss", Via.COMMAND))
    except (DatabaseError, InterfaceError, Refused):
        connection.close()


def send_to_sleep(turn):
    """One pause of each. Their messages know no time limit, so that no worker ends a process while it sleeps."""
    for job in plan.pauses(turn):
        records.write("attempted", f"{job[0]}:{job[1]}")
        if attempt(*job, run_at=datetime.now(UTC)):  # a time that is given wakes nobody
            send()
    time.sleep(ROUND)


def go_through_pauses(jobs):
    for turn in range(plan.rounds(jobs)):
        send_to_sleep(turn)
    records.write("pauses_over", "")


def produce(jobs, dice, seconds):
    started, registered = time.monotonic(), []
    for n, job in enumerate(jobs):
        time.sleep(max(0.0, started + seconds * n / len(jobs) - time.monotonic()))
        records.write("attempted", f"{job[0]}:{job[1]}")
        run_at = datetime.now(UTC) + timedelta(seconds=dice.uniform(0, 5)) if dice.random() < FUTURE else None
        if attempt(*job, run_at=run_at):
            registered.append((job, run_at))
        if registered and dice.random() < DUPLICATES:
            again, when = dice.choice(registered[-50:])
            if attempt(*again, run_at=when):
                records.write("duplicate_registrations", "")
        if dice.random() < DUPLICATES and send(dice.choice(["default", "mail"]), dice.choice([None, b"", b"no JSON"])):
            records.write("duplicate_messages", "")
        if dice.random() < UNDONE:
            roll_back(*job)
        if registered and dice.random() < CONTROLLED:
            control(*dice.choice(registered[-20:])[0][:2])


def main(number, of, seed, jobs, seconds):
    if number == 0:
        go_through_pauses(jobs)
    while not records.read("pauses_over"):
        time.sleep(0.05)
    produce(plan.jobs(seed, jobs)[number::of], Random(f"producer {seed} {number}"), seconds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
