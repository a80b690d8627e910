"""What forked processes do. Needs Django to be set up."""

import logging
import os
import socket

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import connection, transaction

from jobs import claims, engine, services
from jobs import failpoints as failures
from jobs.control import control as control_job
from jobs.models import Actor, Job, Via
from jobs.registry import get_kind
from jobs.sweep import sweep
from jobs.tests.processes import kinds, mutants  # noqa: F401 - registers the kinds
from jobs.tests.processes.laboratory import GATE

log = logging.getLogger("jobs.tests.processes")


def enqueue(jobs):
    with transaction.atomic():
        for kind, key, payload in jobs:
            services.enqueue(kind, key, payload)
    return "enqueued"


def enqueue_and_roll_back(kind, key):
    with transaction.atomic():
        services.enqueue(kind, key)
        transaction.set_rollback(True)
    return "rolled back"


def sign_up(username):
    with transaction.atomic():
        user = get_user_model().objects.create_user(username=username, email=f"{username}@example.com", password=None)
        return services.enqueue("welcome_email", str(user.pk), {"user_id": str(user.pk)}, owner=user)


def wait_for_the_gate():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [GATE])


def control(job_id, action):
    wait_for_the_gate()
    with transaction.atomic():
        job = Job.objects.select_for_update(no_key=True).get(pk=job_id)
        control_job(job, action, Actor("boss", Via.COMMAND))
        return job.state


def claim(job_id):
    wait_for_the_gate()
    job = claims.claim(job_id, get_kind(job_id.partition(":")[0]))
    return "claimed" if job else "nothing"


def work(kind, size):
    """One group of so many new jobs. Returns how many there were."""
    engine.group_size = lambda kind: size
    return str(engine.carry_out_new([get_kind(kind)], more=lambda: None))


COMMANDS = {
    "run": lambda job_id: engine.run(job_id) or "nothing to do",
    "work": work,
    "claim": claim,
    "control": control,
    "enqueue": enqueue,
    "enqueue_and_roll_back": enqueue_and_roll_back,
    "sign_up": sign_up,
    "sweep": lambda: str(sweep()),
}


def deafen(name):
    """What is said to PostgreSQL arrives, COMMIT for one; its answers do not."""
    wire = socket.socket(fileno=os.dup(connection.connection.fileno()))
    wire.shutdown(socket.SHUT_RD)
    wire.close()


failures.ACTIONS["deafen"] = deafen


def once(action):
    """At the first time only: what follows goes well."""

    def act(name):
        del settings.TASKHUB_FAILPOINTS[name]
        action(name)

    return act


def carry_out(do, arguments, failpoints, mutant):
    """Returns what there is to say, be it the name of an error."""
    failures.ACTIONS |= {name: once(action) for name, action in failures.ACTIONS.items()}
    settings.TASKHUB_FAILPOINTS = {place: (action, 1) for place, action in failpoints.items()}
    if mutant:
        getattr(mutants, mutant)()
    try:
        return COMMANDS[do](*arguments)
    except Exception as error:
        log.exception("%s %s", do, arguments)
        return type(error).__name__
