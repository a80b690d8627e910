"""The examples of CONTRIBUTING.md, put into a copy of the project: they work, and follow its rules."""

import ast
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from textwrap import indent

import pytest

from devstack.service import ROOT

EXAMPLE = re.compile(r"^```python\n# ([\w/.]+)(?:, in (\w+)|, at its end)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
IMPORT = re.compile(r"^(?:from|import) .*\n", re.MULTILINE)
MADE = (".git", ".venv", ".taskhub", "__pycache__", ".*_cache")
TOOLS = Path(sys.executable).parent


def put_into(path, owner, code):
    """At the end of the class `owner`, or of the file, its imports at the top; a file that is not there is new."""
    if not path.exists():
        path.write_text(code)
        return
    if not owner:
        path.write_text(f"{path.read_text()}\n\n{IMPORT.sub('', code).strip()}\n")
        put_imports(path, code)
        return
    lines = path.read_text().splitlines(keepends=True)
    body = ast.parse("".join(lines)).body
    (found,) = (node for node in body if isinstance(node, ast.ClassDef) and node.name == owner)
    lines.insert(found.end_lineno, "\n" + indent(IMPORT.sub("", code).strip("\n") + "\n", "    "))
    path.write_text("".join(lines))
    put_imports(path, code)


def put_imports(path, code):
    lines = path.read_text().splitlines(keepends=True)
    body = ast.parse("".join(lines)).body
    lines.insert(body[1].lineno - 1, "".join(IMPORT.findall(code)))  # body[0] is the docstring
    path.write_text("".join(lines))


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    copy = tmp_path_factory.mktemp("contributing") / "taskhub"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(*MADE))
    for path, owner, code in EXAMPLE.findall((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")):
        put_into(copy / path, owner, code)
    return copy


def run(copy, *command):
    """Prints what it says, for pytest to show when it fails. Returns the exit code."""
    servers = ("DATABASE_URL", "REDIS_URL", "TASKHUB_HOME")  # it starts some of its own
    environment = {name: value for name, value in os.environ.items() if name not in servers and "PYTEST" not in name}
    process = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True, timeout=110)
    sys.stdout.write(process.stdout + process.stderr)
    return process.returncode


def test_their_tests_pass_and_no_migration_is_missing(copy):
    new = [f"tasks/tests/test_{name}.py" for name in ("summary", "done", "clear", "create_task")]

    assert run(copy, sys.executable, "-m", "pytest", "-n", "0", *new) == 0
    environment = {"DATABASE_URL": "postgresql://localhost/none", "REDIS_URL": "redis://localhost/0"}
    check = [f"{name}={value}" for name, value in environment.items()]
    assert run(copy, "env", *check, sys.executable, "manage.py", "makemigrations", "--check", "--dry-run") == 0


def test_they_follow_the_import_rules_and_the_linter(copy):
    assert run(copy, TOOLS / "lint-imports", "--no-cache") == 0
    places = "I,DJ012"  # of imports and fields, which were put in where it was easy
    assert run(copy, TOOLS / "ruff", "check", "--no-cache", "--ignore", places, ".") == 0
