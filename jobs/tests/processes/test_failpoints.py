"""A worker dies, fails or loses its database connection at every place of the protocol: what becomes of the job.

Attempts are written as their outcomes: L worker_lost, E error, D in_doubt, S succeeded.
"""

import pytest

from devstack.service import wait_until
from jobs.failpoints import ACTIONS, NAMES

TABLES = {
    # A kind with database effects alone
    "database": """
# place               actions          state         database  external  attempts
claim.locked          kill,raise,drop  succeeded     1         0         S
claim.before_commit   kill,raise,drop  succeeded     1         0         S
claim.after_commit    kill,raise       succeeded     1         0         L S
# a lost connection is not the job's fault: what it was needed for is done on another one
claim.after_commit    drop             succeeded     1         0         S
settle.before         kill             succeeded     1         0         L S
settle.before         raise            succeeded     1         0         E S
settle.before         drop             succeeded     1         0         S
settle.fenced         kill             succeeded     1         0         L S
settle.fenced         raise            succeeded     1         0         E S
settle.fenced         drop             succeeded     1         0         S
settle.before_commit  kill             succeeded     1         0         L S
settle.before_commit  raise            succeeded     1         0         E S
settle.before_commit  drop             succeeded     1         0         S
# the commit happened, so nothing that comes later can change anything
settle.after_commit   kill,raise,drop  succeeded     1         0         S
# the handler raised, and the worker is lost before it has written that down
fail.before           kill,raise       succeeded     1         0         L S
fail.before           drop             succeeded     1         0         E S
fail.before_commit    kill,raise       succeeded     1         0         L S
fail.before_commit    drop             succeeded     1         0         E S
""",
    # A kind with an external effect that may be repeated, and database effects
    "external": """
claim.locked          kill,raise,drop  succeeded     1         1         S
claim.before_commit   kill,raise,drop  succeeded     1         1         S
claim.after_commit    kill,raise       succeeded     1         1         L S
claim.after_commit    drop             succeeded     1         1         S
external.before       kill             succeeded     1         1         L S
external.before       raise            succeeded     1         1         E S
external.before       drop             succeeded     1         1         S
# the window that the promise names: sent, and the process dies before that is written down
external.after        kill             succeeded     1         2         L S
external.after        raise            succeeded     1         2         E S
external.after        drop             succeeded     1         1         S
# written down: whatever comes now, it is not sent again
external.kept         kill             succeeded     1         1         L S
external.kept         raise            succeeded     1         1         E S
external.kept         drop             succeeded     1         1         S
settle.before         kill             succeeded     1         1         L S
settle.before         raise            succeeded     1         1         E S
settle.before         drop             succeeded     1         1         S
settle.fenced         kill             succeeded     1         1         L S
settle.fenced         raise            succeeded     1         1         E S
settle.fenced         drop             succeeded     1         1         S
settle.before_commit  kill             succeeded     1         1         L S
settle.before_commit  raise            succeeded     1         1         E S
settle.before_commit  drop             succeeded     1         1         S
settle.after_commit   kill,raise,drop  succeeded     1         1         S
fail.before           kill,raise       succeeded     1         1         L S
fail.before           drop             succeeded     1         1         E S
fail.before_commit    kill,raise       succeeded     1         1         L S
fail.before_commit    drop             succeeded     1         1         E S
""",
    # A kind with an external effect that may not be repeated: never two of them
    "parked": """
claim.locked          kill,raise,drop  succeeded     1         1         S
claim.before_commit   kill,raise,drop  succeeded     1         1         S
# before the external part has left word that it begins, nothing is in doubt
claim.after_commit    kill,raise       succeeded     1         1         L S
claim.after_commit    drop             succeeded     1         1         S
external.before       kill             succeeded     1         1         L S
external.before       drop             succeeded     1         1         S
external.before       raise            succeeded     1         1         E S
external.after        kill,raise       needs_review  0         1         D
external.after        drop             succeeded     1         1         S
external.kept         kill             succeeded     1         1         L S
external.kept         raise            succeeded     1         1         E S
external.kept         drop             succeeded     1         1         S
settle.before         kill             succeeded     1         1         L S
settle.before         raise            succeeded     1         1         E S
settle.before         drop             succeeded     1         1         S
settle.fenced         kill             succeeded     1         1         L S
settle.fenced         raise            succeeded     1         1         E S
settle.fenced         drop             succeeded     1         1         S
settle.before_commit  kill             succeeded     1         1         L S
settle.before_commit  raise            succeeded     1         1         E S
settle.before_commit  drop             succeeded     1         1         S
settle.after_commit   kill,raise,drop  succeeded     1         1         S
fail.before           kill,raise       succeeded     1         1         L S
fail.before           drop             succeeded     1         1         E S
fail.before_commit    kill,raise       succeeded     1         1         L S
fail.before_commit    drop             succeeded     1         1         E S
""",
}
LETTERS = {"worker_lost": "L", "error": "E", "in_doubt": "D", "succeeded": "S", None: "?"}
NOT_IN_A_RUN = {"sweep.found"} | {place for place in NAMES if place.startswith("together.")}  # test_groups.py
NOT_WITHOUT_EXTERNAL_PART = {"external.before", "external.after", "external.kept"}


def predictions():
    for kind, table in TABLES.items():
        for line in table.strip().splitlines():
            if not line.startswith("#"):
                place, actions, *prediction = line.split(maxsplit=5)
                state, database, external, attempts = prediction
                for action in actions.split(","):
                    yield (kind, place, action), (state, int(database), int(external), attempts)


PREDICTED = dict(predictions())


def armed(place, action):
    """The places of fail() lie on the path of a job that fails."""
    return {"settle.before": "raise", place: action} if place.startswith("fail.") else {place: action}


@pytest.fixture(scope="module")
def observed(lab):
    """All cases at once, so that their leases end together: how the armed run ended, and what became of the job."""
    jobs = dict(zip(PREDICTED, lab.enqueue_all([(kind, {}) for kind, *_ in PREDICTED]), strict=True))
    endings = lab.run_all(jobs.values(), [armed(place, action) for _, place, action in jobs])
    while left := [job_id for job_id in jobs.values() if not lab.finished(job_id)]:
        wait_until(lambda left=left: any(map(lab.claimable, left)), seconds=5)
        lab.run_all(filter(lab.claimable, left))
    return {case: (endings[job_id], seen(lab, job_id)) for case, job_id in jobs.items()}


def seen(lab, job_id):
    return lab.job(job_id).state, *lab.effects(job_id), " ".join(LETTERS[outcome] for outcome in lab.attempts(job_id))


@pytest.mark.parametrize("case", PREDICTED, ids="-".join)
def test_the_job_ends_as_predicted(observed, case):
    assert observed[case][1] == PREDICTED[case]


def test_the_workers_that_were_to_be_killed_were_killed(observed):
    assert {ending for (_, _, action), (ending, _) in observed.items() if action == "kill"} == {"SIGKILL"}


@pytest.mark.parametrize("kind", TABLES)
def test_the_table_has_every_place_and_action(kind):
    off_path = NOT_IN_A_RUN | (NOT_WITHOUT_EXTERNAL_PART if kind == "database" else set())

    assert {case[1:] for case in PREDICTED if case[0] == kind} == {
        (place, action) for place in NAMES - off_path for action in ACTIONS
    }
