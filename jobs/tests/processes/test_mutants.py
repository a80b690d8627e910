"""The proofs notice when a protection is taken out of the engine: each scenario then goes wrong."""

import pytest

from jobs.tests.processes.scenarios import (
    assert_one_effect,
    crash_before_the_commit,
    pause_in_a_batch,
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


ALL, NONE = "1 of 1 succeeded in a batch", "0 of 1 succeeded in a batch"


@pytest.mark.parametrize(
    ("mutant", "said", "effects"),
    [
        ("", ("nothing to do", ALL), 1),
        ("without_row_lock", ("succeeded", NONE), 1),  # costs a batch: `attempt = 0` and job_attempt's key hold
        ("batch_without_row_lock_and_fence", ("succeeded", NONE), 1),  # job_attempt's key holds by itself
        ("batch_without_row_lock_fence_and_key", ("succeeded", ALL), 2),
    ],
    ids=["whole", "without the lock", "nor the fence", "nor the key"],
)
def test_a_job_in_a_batch_has_one_effect_as_long_as_one_of_three_protections_is_there(lab, mutant, said, effects):
    job_id, *answers = pause_in_a_batch(lab, mutant=mutant)

    assert (tuple(answers), lab.effects(job_id)[0]) == (said, effects)


@pytest.mark.parametrize(("mutant", "effects"), [("", 0), ("batch_without_savepoint", 1)])
def test_without_its_savepoint_a_job_that_raises_in_a_batch_leaves_an_effect(lab, mutant, effects):
    job_id = lab.enqueue("raising")

    assert lab.call("batch", "raising", mutant=mutant) == NONE
    assert lab.effects(job_id)[0] == effects


@pytest.mark.parametrize(("mutant", "again"), [("", "nothing to do"), ("batch_without_mark", "SIGKILL")])
def test_without_the_mark_a_batch_that_killed_its_process_is_taken_again(lab, mutant, again):
    lab.enqueue("poison")

    assert lab.call("batch", "poison", mutant=mutant) == "SIGKILL"
    assert lab.call("batch", "poison", mutant=mutant) == again


@pytest.mark.parametrize(("mutant", "effects"), [("", 0), ("batch_without_same_transaction_completion", 1)])
def test_without_same_transaction_completion_a_crash_leaves_the_effects_of_a_batch(lab, mutant, effects):
    job_id = lab.enqueue("batched")

    assert lab.call("batch", "batched", mutant=mutant, failpoints={"batch.before_commit": "kill"}) == "SIGKILL"
    assert lab.effects(job_id)[0] == effects
