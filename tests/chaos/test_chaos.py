"""A small run of `python3 -m devstack chaos`; docs/reliability.md has a large one."""

import json
import subprocess
import sys

import pytest

from devstack.chaos.__main__ import parse
from devstack.chaos.checker import FAULTS
from devstack.service import ROOT


def test_under_faults_no_job_is_lost_or_done_twice():
    command = [sys.executable, "-m", "devstack.chaos", "--jobs", "300", "--kills", "20", "--seed", "2"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110, check=False)
    result = json.loads((done.stdout.splitlines() or [done.stderr])[-1])

    assert done.returncode == 0, done.stdout
    assert {name: result[name] for name in FAULTS} == dict.fromkeys(FAULTS, 0)
    assert result["acknowledged"] > 200
    assert sum(result["failpoints_fired"].values()) + result["retried"] > 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ticks", "9"], "argument --ticks: at least 20, so that one whole tick falls into it"),
        (["--ticks", "soon"], "argument --ticks: not a whole number: 'soon'"),
        (["--jobs", "0"], "argument --jobs: at least 1"),
        (["--mutant", "without_luck"], "argument --mutant: invalid choice: 'without_luck'"),
    ],
)
def test_a_run_that_could_show_nothing_is_refused(words, said, capsys):
    with pytest.raises(SystemExit) as ended:
        parse(words)

    assert ended.value.code == 2
    assert said in capsys.readouterr().err
