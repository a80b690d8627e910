"""`celery -A devstack.chaos.celery_app`: the real application at a faster pace, with the kinds of a run."""

import os
import select
import time
from importlib import import_module
from random import choice

import django
from celery.signals import task_prerun
from kombu.utils import functional

from taskhub.celery import app  # noqa: F401 - what Celery looks for

if "FAKETIME" in os.environ:
    # libfaketime 0.9.10 refuses the absolute times that Python's own sleep uses
    time.sleep = functional.sleep = lambda seconds: select.select([], [], [], seconds)
django.setup()
wakeups, failpoints = map(import_module, ("jobs.wakeups", "jobs.failpoints"))
kinds = import_module("devstack.chaos.kinds")
mutants = import_module("jobs.tests.processes.mutants")
from jobs.tests.processes.commands import deafen  # noqa: E402

wakeups.SILENCE /= 5  # as leases and sweeps are: what waits in a deployment waits here, too, and is over in minutes


@task_prerun.connect(weak=False)
def pulse(**_):
    """Shows that a worker takes messages."""
    kinds.records.pulse(os.environ.get("CHAOS_PART", ""))


def recorded(action):
    def act(name):
        kinds.records.write("failpoints", f"{action.__name__} {name}")
        action(name)

    return act


kill, fail, drop = (recorded(failpoints.ACTIONS[action]) for action in ("kill", "raise", "drop"))
deaf = recorded(deafen)
# A connection is lost in two ways: COMMIT does not arrive, or its answer does not
failpoints.ACTIONS |= {"kill": kill, "raise": fail, "drop": lambda name: choice([drop, deaf])(name)}
if mutant := os.environ.get("CHAOS_MUTANT"):
    getattr(mutants, mutant)()
if os.environ.get("CHAOS_TICKS"):
    import_module("devstack.chaos.ticking")
