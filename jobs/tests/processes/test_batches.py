"""A batch dies, fails or loses its connection at every place: no job is lost or done twice, or blamed for it."""

import pytest

from jobs.failpoints import ACTIONS, NAMES
from jobs.tests.processes.scenarios import assert_one_effect

PLACES = sorted(place for place in NAMES if place.startswith("batch."))
DONE = "batch.after_commit"


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("place", PLACES)
def test_whatever_becomes_of_a_batch_each_of_its_jobs_is_done_once_in_its_first_attempt(lab, place, action):
    job_ids = lab.enqueue_all([("batched", {})] * 3)
    said = lab.call("batch", "batched", failpoints={place: action})
    states = {lab.job(job_id).state for job_id in job_ids}
    for job_id in job_ids:
        lab.run_to_the_end(job_id)
        assert_one_effect(lab, job_id)
        assert (lab.job(job_id).state, lab.attempts(job_id)) == ("succeeded", ["succeeded"])

    assert (said == "SIGKILL") == (action == "kill")
    assert states == {"succeeded" if place == DONE else "queued"}


def test_two_batches_at_once_share_the_jobs(lab):
    job_ids = lab.enqueue_all([("batched", {})] * 120)
    pids = [lab.start("batch", "batched") for _ in range(4)]
    for pid in pids:
        lab.wait(pid)
    while lab.call("batch", "batched") != "nothing to do":
        pass  # the last ones, which each batch has looked at to know that there are more

    assert {lab.job(job_id).state for job_id in job_ids} == {"succeeded"}
    for job_id in job_ids:
        assert_one_effect(lab, job_id)
