"""Sets up Django once and forks a child per command, as Celery's prefork does: starting Python costs too much for that.

Commands come as lines of JSON on stdin. A child opens its own connections; how it ended is told when asked for.
"""

import json
import os
import signal
import sys
from datetime import timedelta

import django

from devstack.processes import die_with_parent

django.setup()

from django.conf import settings
from django.db import connection, transaction

from jobs import protocol, services, sweep
from jobs.registry import kind_named
from tests.jobs import kinds, mutants  # noqa: F401 - registers the kinds

GATE = 7  # an advisory lock that the test holds until all competitors are there


def enqueue(jobs, grace):
    services.GRACE = timedelta(seconds=grace)
    with transaction.atomic():
        for kind, key, payload in jobs:
            services.enqueue(kind, key, payload)
    return "enqueued"


def claim(job_id):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock_shared(%s)", [GATE])
    job = protocol.claim(job_id, kind_named(job_id.partition(":")[0]))
    return "claimed" if job else "nothing"


def enqueue_and_roll_back(kind, key):
    with transaction.atomic():
        services.enqueue(kind, key)
        transaction.set_rollback(True)
    return "rolled back"


COMMANDS = {
    "run": protocol.run,
    "claim": claim,
    "enqueue": enqueue,
    "enqueue_and_roll_back": enqueue_and_roll_back,
    "sweep": lambda: str(sweep.sweep()),
}


def child(command, answer):
    settings.TASKHUB_FAILPOINTS = {place: (action, 1) for place, action in command["failpoints"].items()}
    if command["mutant"]:
        getattr(mutants, command["mutant"])()
    try:
        came = COMMANDS[command["do"]](*command["arguments"])
    except Exception as error:  # noqa: BLE001 - it is told to the test
        came = type(error).__name__
        print(command, repr(error), file=sys.stderr, flush=True)
    os.write(answer, came.encode())


def fork(command):
    """Returns the pid, and where to read what the child has to say."""
    ours, theirs = os.pipe()
    end_too = die_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, ours
    end_too()
    child(command, theirs)
    os._exit(0)


def ending(pid, answer):
    with open(answer, "rb") as pipe:
        said = pipe.read().decode()
    _, status = os.waitpid(pid, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def main():
    children = {}
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "wait":
            pid = command["pid"]
            print(json.dumps(ending(pid, children.pop(pid))), flush=True)
        else:
            pid, answer = fork(command)
            children[pid] = answer
            print(json.dumps(pid), flush=True)


if __name__ == "__main__":
    main()
