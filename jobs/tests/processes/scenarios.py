"""What happens to workers in the proofs, and to the mutants that the proofs must notice."""

import os
import signal

from devstack.service import wait_until
from jobs.tests.processes.laboratory import GATE


def at_once(lab, *commands, **options):
    """What processes got that were let go together."""
    lab.database.execute("SELECT pg_advisory_lock(%s)", [GATE])
    try:
        pids = [lab.start(*command, **options) for command in commands]
        wait_until(lambda: len(lab.waiting("advisory")) == len(commands), seconds=5)
    finally:
        lab.database.execute("SELECT pg_advisory_unlock(%s)", [GATE])
    return [lab.wait(pid) for pid in pids]


def claims_at_once(lab, job_id, **options):
    return at_once(lab, *[("claim", job_id)] * 16, **options)


def pause_outside_any_transaction(lab, **options):
    """A worker sleeps past its lease while another does the job. What the late one had to say."""
    job_id = lab.enqueue("external", stop_in="external")
    pid = lab.start_and_see_it_stop(job_id, **options)
    lab.run_to_the_end(job_id, **options)
    os.kill(pid, signal.SIGCONT)
    return job_id, lab.wait(pid)


def pause_in_the_final_transaction(lab, **options):
    """A worker sleeps past its lease there. What others got meanwhile, and what it had to say in the end."""
    job_id = lab.enqueue("database", stop_in="finish")
    pid = lab.start_and_see_it_stop(job_id, **options)
    wait_until(lambda: lab.claimable(job_id), seconds=5)
    others = [lab.run(job_id, **options) for _ in range(3)]
    os.kill(pid, signal.SIGCONT)
    return job_id, others, lab.wait(pid)


def crash_before_the_commit(lab, **options):
    job_id = lab.enqueue("database")
    assert lab.run(job_id, failpoints={"settle.before_commit": "kill"}, **options) == "SIGKILL"
    lab.run_to_the_end(job_id, **options)
    return job_id


def assert_one_effect(lab, job_id):
    assert lab.effects(job_id)[0] == 1
