"""What the repository promises about itself."""

import re
import subprocess
import sys

import pytest

from devstack.service import ROOT

PYTHON = [
    path for path in ROOT.rglob("*.py") if not {".venv", ".taskhub", "migrations"} & set(path.relative_to(ROOT).parts)
]
REQUIREMENT = re.compile(r"^[a-z][a-z0-9-]*")


def lines(path):
    return path.read_text(encoding="utf-8").splitlines()


def names_in(lock):
    return {match[1] for line in lines(lock) if (match := re.match(r"([a-z][a-z0-9-]*)==", line))}


def test_no_file_is_too_long_to_read():
    limits = {path: 250 if "devstack" in path.parent.name else 400 for path in PYTHON}

    assert [str(path) for path, limit in limits.items() if len(lines(path)) > limit] == []


def test_what_makes_the_environment_needs_the_standard_library_alone():
    bare = [sys.executable, "-S", "-c", "import devstack.commands"]  # -S: nothing that was installed is found

    assert subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, check=False).stderr == ""


@pytest.mark.parametrize("name", ["base", "local", "dev"])
def test_every_requirement_is_locked_with_a_hash(name):
    wanted = {match[0] for line in lines(ROOT / f"requirements/{name}.in") if (match := REQUIREMENT.match(line))}
    lock = (ROOT / f"requirements/{name}.txt").read_text()

    assert wanted <= names_in(ROOT / f"requirements/{name}.txt")
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_each_lock_holds_the_one_before():
    def pins(lock):
        return set(re.findall(r"^([a-z0-9-]+==[^ ]+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE))

    assert pins("base") <= pins("local") <= pins("dev")


def test_every_requirement_says_what_it_is_for():
    for name in ("base", "local", "dev"):
        for line in lines(ROOT / f"requirements/{name}.in"):
            assert "#" in line or not REQUIREMENT.match(line), line
