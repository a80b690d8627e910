"""Retrying and cancelling beside workers that run, die and sleep, each in a process of its own."""

import os
import signal

import pytest

from devstack.service import wait_until
from jobs.tests.processes.scenarios import at_once


def wake(lab, pid):
    os.kill(pid, signal.SIGCONT)
    return lab.wait(pid)


def test_a_running_job_that_looks_is_cancelled_and_does_nothing(lab):
    job_id = lab.enqueue("obedient_steady", stop_in="look")
    pid = lab.start_and_see_it_stop(job_id)

    assert lab.control(job_id, "cancel") == "running"
    assert wake(lab, pid) == "cancelled"
    assert (lab.job(job_id).state, lab.attempts(job_id), lab.effects(job_id)) == ("cancelled", ["cancelled"], (0, 0))


def test_a_running_job_that_does_not_look_has_its_effect(lab):
    job_id = lab.enqueue("steady", stop_in="external")
    pid = lab.start_and_see_it_stop(job_id)

    assert lab.control(job_id, "cancel") == "running"
    assert wake(lab, pid) == "succeeded"
    assert (lab.job(job_id).state, lab.effects(job_id)) == ("succeeded", (1, 1))


@pytest.mark.parametrize("place", ["fail.before", "fail.before_commit"])
def test_a_worker_that_dies_before_it_obeys_leaves_that_to_the_next_claim(lab, place):
    job_id = lab.enqueue("obedient", stop_in="look")
    pid = lab.start_and_see_it_stop(job_id, failpoints={place: "kill"})
    lab.control(job_id, "cancel")

    assert wake(lab, pid) == "SIGKILL"
    lab.run_to_the_end(job_id)
    assert (lab.job(job_id).state, lab.attempts(job_id), lab.effects(job_id)) == ("cancelled", ["worker_lost"], (0, 0))


def test_a_worker_that_dies_after_a_doubtful_effect_leaves_it_to_people(lab):
    job_id = lab.enqueue("parked", stop_in="external")
    pid = lab.start_and_see_it_stop(job_id)
    lab.control(job_id, "cancel")
    os.kill(pid, signal.SIGKILL)
    lab.wait(pid)
    lab.run_to_the_end(job_id)

    assert (lab.job(job_id).state, lab.attempts(job_id), lab.effects(job_id)) == ("needs_review", ["in_doubt"], (0, 1))


def test_a_parked_kind_that_looks_before_its_effect_is_not_in_doubt(lab):
    job_id = lab.enqueue("obedient_parked", stop_in="look")
    pid = lab.start_and_see_it_stop(job_id)
    lab.control(job_id, "cancel")

    assert wake(lab, pid) == "cancelled"
    assert (lab.job(job_id).state, lab.effects(job_id)) == ("cancelled", (0, 0))


@pytest.mark.parametrize("retried_and_done", [False, True])
def test_a_late_worker_of_an_earlier_attempt_has_no_effect_on_a_retried_job(lab, retried_and_done):
    job_id = lab.enqueue("external", stop_in="external")
    lab.database.execute("UPDATE job_log SET max_attempts = 1 WHERE job_id = %s", [job_id])
    pid = lab.start_and_see_it_stop(job_id)
    lab.run_to_the_end(job_id)
    assert (lab.job(job_id).state, lab.control(job_id, "retry")) == ("failed", "queued")

    said = [lab.run(job_id)] if retried_and_done else []
    assert wake(lab, pid) == "lease lost"
    assert [*said, lab.run(job_id)][0] == "succeeded"
    assert (lab.job(job_id).attempt, lab.attempts(job_id)) == (2, ["worker_lost", "succeeded"])
    assert lab.effects(job_id) == (1, 2)  # outside twice, with the same dedupe key


def test_a_job_in_doubt_that_a_person_retries_is_done(lab):
    job_id = lab.enqueue("parked")
    lab.run(job_id, failpoints={"external.after": "kill"})
    lab.run_to_the_end(job_id)
    assert (lab.job(job_id).state, lab.control(job_id, "retry")) == ("needs_review", "queued")

    assert lab.run(job_id) == "succeeded"
    assert (lab.attempts(job_id), lab.effects(job_id)) == (["in_doubt", "succeeded"], (1, 2))


def test_a_job_that_fails_again_after_a_retry_has_used_all_its_further_attempts(lab):
    job_id = lab.enqueue("raising")
    lab.run_to_the_end(job_id)
    lab.control(job_id, "retry")
    lab.run_to_the_end(job_id)

    assert (lab.job(job_id).state, lab.attempts(job_id)) == ("failed", ["error"] * 6)


@pytest.mark.parametrize("_", range(10))
def test_a_claim_and_a_cancel_at_once_agree(lab, _):
    job_id = lab.enqueue("steady")
    claimed, *cancelled = at_once(lab, ("claim", job_id), *[("control", job_id, "cancel")] * 3)
    won = [said for said in cancelled if said != "Refused"]

    assert len(won) == 1
    assert (won[0], claimed) in {("cancelled", "nothing"), ("running", "claimed")}
    assert lab.job(job_id).state == won[0]
    assert len(lab.attempts(job_id)) == (claimed == "claimed")


def test_of_sixteen_retries_at_once_one_wins(lab):
    job_id = lab.enqueue("hopeless")
    lab.run(job_id)

    assert sorted(at_once(lab, *[("control", job_id, "retry")] * 16)) == ["Refused"] * 15 + ["queued"]
    assert lab.job(job_id).max_attempts == 1 + 3


def test_a_retry_whose_process_dies_before_its_commit_never_happened(lab):
    job_id = lab.enqueue("hopeless")
    lab.run(job_id)
    with lab.database.transaction():
        lab.database.execute("SELECT FROM job_log WHERE job_id = %s FOR UPDATE", [job_id])
        pid = lab.start("control", job_id, "retry")
        wait_until(lambda: lab.waiting("transactionid"), seconds=5)
        os.kill(pid, signal.SIGKILL)

    assert lab.wait(pid) == "SIGKILL"
    assert (lab.job(job_id).state, lab.job(job_id).max_attempts) == ("failed", 3)
