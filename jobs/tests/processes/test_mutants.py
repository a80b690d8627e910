"""The proofs notice when a protection is taken out of the engine: each scenario then goes wrong."""

import os
import signal

import pytest

from devstack.service import wait_until
from jobs.tests.processes.scenarios import (
    assert_one_effect,
    crash_before_the_commit,
    pause_in_the_final_transaction,
    pause_outside_any_transaction,
)


def test_without_the_fence_a_late_worker_doubles_the_effect(lab):
    job_id, late = pause_outside_any_transaction(lab, mutant="without_fence")

    assert (late, lab.effects(job_id)[0]) == ("succeeded", 2)
    with pytest.raises(AssertionError):
        assert_one_effect(lab, job_id)


def test_with_the_fence_after_the_work_others_do_not_see_the_final_transaction(lab):
    """There is still one effect, because the fence holds by itself. The second attempt is what the lock prevents."""
    job_id, others, late = pause_in_the_final_transaction(lab, mutant="fence_after_the_work")

    assert (others[0], late) == ("succeeded", "lease lost")
    assert lab.attempts(job_id) == ["worker_lost", "succeeded"]
    assert_one_effect(lab, job_id)


def test_without_row_lock_and_fence_the_effect_is_doubled(lab):
    job_id, *_ = pause_in_the_final_transaction(lab, mutant="without_fence_and_row_lock")

    with pytest.raises(AssertionError):
        assert_one_effect(lab, job_id)


def test_with_effect_and_completion_in_two_transactions_a_crash_loses_the_effect(lab):
    job_id = crash_before_the_commit(lab, mutant="without_same_transaction_completion")

    assert (lab.job(job_id).state, lab.effects(job_id)[0]) == ("succeeded", 0)
    with pytest.raises(AssertionError):
        assert_one_effect(lab, job_id)


@pytest.mark.parametrize(("mutant", "others"), [("", "nothing to do"), ("claim_without_lease_test", "succeeded")])
def test_without_the_test_of_the_lease_a_job_is_taken_from_a_worker_that_is_at_it(lab, mutant, others):
    job_id = lab.enqueue("steady", stop_in="external")
    pid = lab.start_and_see_it_stop(job_id, mutant=mutant)
    said = lab.run(job_id, mutant=mutant)
    os.kill(pid, signal.SIGCONT)
    lab.wait(pid)

    assert said == others
    assert lab.effects(job_id) == (1, 1 + (others == "succeeded"))


@pytest.mark.parametrize(("mutant", "counted"), [("", 1), ("attempt_uncommitted_before_external", 0)])
def test_an_attempt_that_is_not_committed_before_its_effect_is_forgotten_by_a_crash(lab, mutant, counted):
    job_id = lab.enqueue("patient")
    pid = lab.start("work", "patient", 1, mutant=mutant)
    wait_until(lambda: lab.effects(job_id) == (0, 1), seconds=5)
    os.kill(pid, signal.SIGKILL)
    lab.wait(pid)
    attempt = lab.job(job_id).attempt
    lab.control(job_id, "cancel")  # or a group of another test would find it

    assert attempt == counted


def test_calling_the_external_part_twice_is_seen(lab):
    job_id = lab.enqueue("external")
    lab.run(job_id, mutant="external_twice")

    assert lab.effects(job_id) == (1, 2)


@pytest.mark.parametrize(("mutant", "job"), [("", False), ("enqueue_on_its_own_connection", True)])
def test_a_job_enqueued_outside_its_transaction_is_there_although_that_was_rolled_back(lab, mutant, job):
    key = f"undone{bool(mutant)}"
    lab.call("enqueue_and_roll_back", "external", key, mutant=mutant)

    assert bool(lab.job(f"external:{key}")) == job
