"""Jobs that are claimed together: whatever becomes of their worker, none is lost or done twice."""

import pytest

from jobs.failpoints import ACTIONS
from jobs.tests.processes.scenarios import assert_one_effect

PLACES = ("claim.after_commit", "settle.before", "settle.fenced", "settle.before_commit", "together.before_commit",
    "together.after_commit")  # fmt: skip


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_whatever_becomes_of_a_group_each_of_its_jobs_is_done_once(lab, place, action):
    job_ids = lab.enqueue_all([("database", {})] * 3)
    said = lab.call("work", "database", 3, failpoints={place: action})
    for job_id in job_ids:
        lab.run_to_the_end(job_id)
        assert_one_effect(lab, job_id)
        assert lab.job(job_id).state == "succeeded"

    assert (said == "SIGKILL") == (action == "kill")


def test_a_job_that_kills_its_process_costs_those_beside_it_one_attempt(lab):
    first, poison, last = lab.enqueue_all(
        [("at_times_deadly", {}), ("at_times_deadly", {"kill": True}), ("at_times_deadly", {})]
    )
    assert lab.call("work", "at_times_deadly", 3) == "SIGKILL"
    for job_id in (first, poison, last):
        lab.run_to_the_end(job_id)

    assert [lab.attempts(job_id) for job_id in (first, last)] == [["worker_lost", "succeeded"]] * 2
    assert (lab.job(poison).state, lab.attempts(poison)) == ("failed", ["worker_lost"] * 3)


def test_an_error_of_one_costs_those_beside_it_nothing(lab):
    first, raising, last = lab.enqueue_all([("at_times_raising", {"raise": n == 1}) for n in range(3)])
    assert lab.call("work", "at_times_raising", 3) == "3"

    assert [lab.attempts(job_id) for job_id in (first, raising, last)] == [["succeeded"], ["error"], ["succeeded"]]
    assert [lab.effects(job_id)[0] for job_id in (first, raising, last)] == [1, 0, 1]


def test_four_workers_at_once_share_the_jobs(lab):
    job_ids = lab.enqueue_all([("database", {})] * 120)
    pids = [lab.start("work", "database", 30) for _ in range(4)]
    said = [int(lab.wait(pid)) for pid in pids]
    while lab.call("work", "database", 30) != "0":
        pass  # what the others looked at in the same moment

    assert sum(said) > 30
    for job_id in job_ids:
        assert (lab.attempts(job_id), lab.effects(job_id)) == (["succeeded"], (1, 0))
