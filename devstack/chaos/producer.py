"""`python -m devstack.chaos.producer NUMBER OF SEED JOBS SECONDS`: registers its share of the jobs, on record."""

import sys
import time
from datetime import UTC, datetime
from random import Random

from django.db import DatabaseError, InterfaceError, connection, transaction
from kombu.exceptions import OperationalError
from redis import RedisError

from devstack.chaos import celery_app, plan
from devstack.chaos.kinds import records

DUPLICATES = 0.05
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
        return enqueue(kind, key, payload, **options)


def attempt(*job, **options):
    """Whether it was acknowledged. When not, nobody tries again: it may be there or not."""
    try:
        records.write("acknowledged", register(*job, **options))
    except (DatabaseError, InterfaceError) as error:
        records.write("refused", f"{job[0]}:{job[1]} {type(error).__name__}")
        connection.close()
        return False
    return True


def send(job_id):
    """A message of our own. Whether the broker took it."""
    try:
        celery_app.app.send_task("jobs.run", args=[job_id], retry=False)
    except (OperationalError, RedisError, OSError):
        return False  # the sweep sends one, too
    return True


def send_to_sleep(turn):
    """One pause of each. Their messages know no time limit, so that no worker ends a process while it sleeps."""
    for job in plan.pauses(turn):
        records.write("attempted", f"{job[0]}:{job[1]}")
        if attempt(*job, run_at=datetime.now(UTC)):  # a time that is given wakes nobody
            send(f"{job[0]}:{job[1]}")
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
        if attempt(*job):
            registered.append(job)
        if registered and dice.random() < DUPLICATES and attempt(*dice.choice(registered[-50:])):
            records.write("duplicate_registrations", "")
        if registered and dice.random() < DUPLICATES:
            kind, key, _ = dice.choice(registered[-50:])
            if send(f"{kind}:{key}"):
                records.write("duplicate_messages", f"{kind}:{key}")


def main(number, of, seed, jobs, seconds):
    if number == 0:
        go_through_pauses(jobs)
    while not records.read("pauses_over"):
        time.sleep(0.05)
    produce(plan.jobs(seed, jobs)[number::of], Random(f"producer {seed} {number}"), seconds)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
