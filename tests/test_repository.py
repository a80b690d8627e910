"""What the repository promises about itself."""

import ast
import re
import sys

import pytest

from tests.service import ROOT

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


def imported_by(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def test_devstack_needs_the_standard_library_alone():
    known = sys.stdlib_module_names | {"devstack"}
    files = (ROOT / "devstack").glob("*.py")

    assert {name for path in files for name in imported_by(path) if name.partition(".")[0] not in known} == set()


@pytest.mark.parametrize("name", ["base", "dev"])
def test_every_requirement_is_locked_with_a_hash(name):
    wanted = {match[0] for line in lines(ROOT / f"requirements/{name}.in") if (match := REQUIREMENT.match(line))}
    lock = (ROOT / f"requirements/{name}.txt").read_text()

    assert wanted <= names_in(ROOT / f"requirements/{name}.txt")
    assert lock.count("==") <= lock.count("--hash=sha256:")


def test_both_locks_agree():
    def pins(lock):
        return set(re.findall(r"^([a-z0-9-]+==[^ ]+)", (ROOT / f"requirements/{lock}.txt").read_text(), re.MULTILINE))

    assert pins("base") <= pins("dev")


def test_every_requirement_says_what_it_is_for():
    for name in ("base", "dev"):
        for line in lines(ROOT / f"requirements/{name}.in"):
            assert "#" in line or not REQUIREMENT.match(line), line
