"""The proofs notice when a protection is taken out of the engine: each scenario of test_crashes then goes wrong."""

import pytest

from tests.jobs.scenarios import (
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


def test_without_the_row_lock_others_do_not_see_the_final_transaction(lab):
    """There is still one effect, because the fence holds by itself. The second attempt is what the lock prevents."""
    job_id, others, late = pause_in_the_final_transaction(lab, mutant="without_row_lock")

    assert (others[0], late) == ("succeeded", "lease lost")
    assert lab.attempts(job_id) == ["worker_lost", "succeeded"]
    assert_one_effect(lab, job_id)


def test_without_row_lock_and_fence_the_effect_is_doubled(lab):
    job_id, *_ = pause_in_the_final_transaction(lab, mutant="without_row_lock_and_fence")

    with pytest.raises(AssertionError):
        assert_one_effect(lab, job_id)


def test_with_effect_and_completion_in_two_transactions_a_crash_doubles_the_effect(lab):
    job_id = crash_before_the_commit(lab, mutant="without_same_transaction_completion")

    assert lab.effects(job_id)[0] == 2
    with pytest.raises(AssertionError):
        assert_one_effect(lab, job_id)
