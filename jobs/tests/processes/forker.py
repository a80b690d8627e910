"""Sets up Django once and forks a child per command, as Celery's prefork does: starting Python costs too much for that.

Commands come as lines of JSON on stdin. A child opens its own connections; how it ended is told when asked for.
"""

import json
import os
import signal
import sys
from importlib import import_module

import django
from django.core.management import call_command
from django.db import connection

from devstack.processes import die_with_parent


def fork(work):
    """Returns the pid, and where to read what the child has to say."""
    ours, theirs = os.pipe()
    end_too = die_with_parent(signal.SIGKILL)
    pid = os.fork()
    if pid:
        os.close(theirs)
        return pid, ours
    end_too()
    os.write(theirs, work().encode())
    os._exit(0)


def ending(pid, answer):
    with os.fdopen(answer) as pipe:
        said = pipe.read()
    _, status = os.waitpid(pid, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else said


def main():
    django.setup()
    commands = import_module("jobs.tests.processes.commands")
    call_command("migrate", verbosity=0)
    connection.close()  # children may not share it
    answers = {}
    for line in sys.stdin:
        command = json.loads(line)
        if command["do"] == "wait":
            reply = ending(command["pid"], answers.pop(command["pid"]))
        else:
            reply, answer = fork(lambda command=command: commands.carry_out(**command))
            answers[reply] = answer
        sys.stdout.write(json.dumps(reply) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
