"""Workers that die, sleep and compete, each in a process of its own."""

import os
import signal
import time

import pytest

from devstack.service import wait_until
from jobs.tests.processes.scenarios import (
    assert_one_effect,
    claims_at_once,
    crash_before_the_commit,
    pause_in_the_final_transaction,
    pause_outside_any_transaction,
)


def test_of_sixteen_claims_at_once_one_wins(lab):
    job_id = lab.enqueue("steady")

    assert sorted(claims_at_once(lab, job_id)) == ["claimed"] + ["nothing"] * 15
    assert (lab.job(job_id).attempt, lab.attempts(job_id)) == (1, [None])


def test_a_worker_that_wakes_after_its_lease_has_lost_it(lab):
    job_id, late = pause_outside_any_transaction(lab)

    assert late == "lease lost"
    assert (lab.job(job_id).state, lab.effects(job_id)) == ("succeeded", (1, 2))
    assert lab.attempts(job_id) == ["worker_lost", "succeeded"]


def test_while_a_worker_sleeps_in_the_final_transaction_others_get_nothing(lab):
    job_id, others, late = pause_in_the_final_transaction(lab)

    assert (others, late) == (["nothing to do"] * 3, "succeeded")
    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 0))


def test_a_crash_before_the_commit_leaves_no_effect_behind(lab):
    assert_one_effect(lab, crash_before_the_commit(lab))


def test_a_commit_whose_answer_is_lost_counts(lab):
    job_id = lab.enqueue("external")
    said = lab.run(job_id, failpoints={"settle.before_commit": "deafen"})
    wait_until(lambda: lab.finished(job_id), seconds=5)

    assert said in ("lease lost", "succeeded")  # on a busy machine the answer is there before it is waited for
    assert lab.run(job_id) == "nothing to do"
    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 1))


def test_claims_do_not_wait_for_the_final_transaction(lab):
    job_id = lab.enqueue("database", stop_in="finish")
    pid = lab.start_and_see_it_stop(job_id)
    started = time.monotonic()
    lab.run(job_id)
    seconds = time.monotonic() - started
    os.kill(pid, signal.SIGCONT)

    assert lab.wait(pid) == "succeeded"
    assert seconds < 2  # lock_timeout is 5


def test_a_job_that_kills_its_process_fails_after_its_last_attempt(lab):
    job_id = lab.enqueue("poison")
    lab.run_to_the_end(job_id)
    job = lab.job(job_id)

    assert (job.state, job.attempt, job.error_code) == ("failed", job.max_attempts, "worker_lost")
    assert (lab.attempts(job_id), lab.effects(job_id)) == (["worker_lost"] * 3, (0, 0))


@pytest.mark.parametrize(
    ("kind", "outcomes"), [("raising", ["error"] * 3), ("hopeless", ["permanent_error"])], ids=["raising", "hopeless"]
)
def test_what_a_job_that_raises_did_is_rolled_back(lab, kind, outcomes):
    job_id = lab.enqueue(kind)
    lab.run_to_the_end(job_id)

    assert (lab.job(job_id).state, lab.job(job_id).error_code) == ("failed", outcomes[-1])
    assert (lab.attempts(job_id), lab.effects(job_id)) == (outcomes, (0, 0))
    assert "secret" not in lab.job(job_id).error


def test_a_job_that_may_not_repeat_is_tried_again_when_it_surely_did_nothing(lab):
    job_id = lab.enqueue("parked_later")
    lab.run_to_the_end(job_id)

    assert (lab.job(job_id).state, lab.effects(job_id)) == ("succeeded", (1, 1))
    assert lab.attempts(job_id) == ["error", "succeeded"]


def test_a_finished_job_is_not_done_again(lab):
    job_id = lab.enqueue("external")
    said = [lab.run(job_id) for _ in range(3)]

    assert said == ["succeeded", "nothing to do", "nothing to do"]
    assert (lab.effects(job_id), lab.attempts(job_id)) == ((1, 1), ["succeeded"])


def test_a_job_of_an_unknown_kind_is_left_alone(lab):
    job_id = lab.enqueue("database")
    lab.database.execute("UPDATE job_log SET job_id = 'newer:1', kind = 'newer' WHERE job_id = %s", [job_id])

    assert lab.run("newer:1") == "nothing to do"
    assert (lab.job("newer:1").state, lab.job("newer:1").attempt) == ("queued", 0)


def test_a_job_that_was_rolled_back_is_not_done(lab):
    assert lab.call("enqueue_and_roll_back", "external", "undone") == "rolled back"

    assert lab.run("external:undone") == "nothing to do"
    assert (lab.job("external:undone"), lab.effects("external:undone")) == (None, (0, 0))


def test_a_pruned_job_is_not_done_again(lab):
    job_id = lab.enqueue("external")
    lab.run(job_id)
    lab.database.execute("DELETE FROM job_attempt WHERE job_id = %s", [job_id])
    lab.database.execute("DELETE FROM job_log WHERE job_id = %s", [job_id])

    assert lab.run(job_id) == "nothing to do"
    assert (lab.job(job_id), lab.effects(job_id)) == (None, (1, 1))


def test_a_deadlock_after_the_external_effect_neither_repeats_it_nor_costs_an_attempt(lab):
    job_id = lab.enqueue("deadlocked")

    assert lab.run(job_id) == "succeeded"
    assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 1))


def test_a_process_that_slept_past_its_lease_is_ended_when_it_wakes(lab):
    job_id = lab.enqueue("drowsy", stop_in="external")
    pid = lab.start_and_see_it_stop(job_id)
    wait_until(lambda: lab.claimable(job_id), seconds=5)
    os.kill(pid, signal.SIGCONT)

    assert lab.wait(pid) == ""  # it has not come to say anything
    assert (lab.job(job_id).state, lab.effects(job_id)) == ("running", (0, 0))


def test_a_snoozed_job_waits_and_has_spent_no_attempt(lab):
    job_id = lab.enqueue("snoozing")
    assert lab.run(job_id) == "snoozed"
    assert not lab.claimable(job_id)
    lab.run_to_the_end(job_id)

    assert (lab.attempts(job_id), lab.effects(job_id)) == (["snoozed", "succeeded"], (1, 1))
    assert lab.job(job_id).max_attempts - lab.job(job_id).attempt == 2
