"""When `.venv` is made, and when it counts as made."""

import os
import shutil
import sys

import pytest

from tests.devstack.checkout import Checkout, make_checkout, survivors

# Stands in for uv, which would need the network: notes that it ran, and "installs" what the test wants.
UV = """#!{python}
import os, pathlib, sys, time
with open(os.environ["UV_LOG"], "a") as log:
    print(*sys.argv[1:3], file=log)
if sys.argv[1] == "venv":
    os.makedirs(sys.argv[-1] + "/bin")
    os.symlink(sys.executable, sys.argv[-1] + "/bin/python")
else:
    print("Collecting everything==1.0", flush=True)
    time.sleep(float(os.environ.get("UV_TAKES", 0)))
    sys.exit("no such package" if "UV_FAILS" in os.environ else 0)
"""


@pytest.fixture
def uv(tmp_path):
    """A folder for PATH."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/uv").write_text(UV.format(python=sys.executable))
    (tmp_path / "bin/uv").chmod(0o755)
    return tmp_path / "bin"


@pytest.fixture
def new(tmp_path):
    """A checkout that has no `.venv` yet."""
    root = tmp_path / "checkout"
    make_checkout(root)
    shutil.rmtree(root / ".venv")
    (root / ".taskhub").mkdir()
    return Checkout(root, root / ".taskhub")


@pytest.fixture
def settings(new, uv):
    return {"PATH": f"{uv}:{os.environ['PATH']}", "UV_LOG": str(new.home / "uv.log")}


def installs(new):
    return (new.home / "uv.log").read_text().splitlines().count("pip install")


def test_it_is_made_once(new, settings):
    new.run("test", "--version", **settings)
    new.run("test", "--version", **settings)

    assert installs(new) == 1


def test_it_is_made_anew_when_the_lock_changes(new, settings):
    new.run("test", "--version", **settings)
    (new.root / "requirements/dev.txt").write_text("# another lock\n")
    new.run("test", "--version", **settings)

    assert installs(new) == 2


def test_after_a_failure_it_says_why_and_the_next_command_makes_it_anew(new, settings):
    failed = new.run("test", "--version", UV_FAILS="yes", **settings)
    new.run("test", "--version", **settings)

    assert failed.returncode == 1
    assert "devstack: uv ended with exit code 1, so .venv is not complete" in failed.stderr
    assert "no such package" in failed.stderr
    assert installs(new) == 2


def test_interrupted_it_stops_the_installer_and_the_next_command_makes_it_anew(new, settings):
    with new.up(UV_TAKES="60", **settings) as up:
        family = up.says("everything==1.0").family()
        up.process.terminate()

        assert up.process.wait(timeout=10) == 0
        assert survivors(family) == []

    new.run("test", "--version", **settings)
    assert installs(new) == 2


def test_it_is_not_made_anew_under_a_command_that_uses_it(root, home):
    checkout = Checkout(root, home)
    lock = root / "requirements/dev.txt"
    with checkout.up() as up:
        up.is_ready()
        before = lock.read_text()
        lock.write_text("# another lock\n")
        refused = checkout.run("manage", "check")
        lock.write_text(before)

    assert refused.returncode == 1
    assert refused.stderr == "devstack: .venv must be made anew but a running devstack uses it: stop that first\n"


def test_without_uv_pip_makes_it(new):
    (new.root / "requirements/dev.txt").write_text("./missing-1.0-py3-none-any.whl --hash=sha256:00\n")
    failed = new.run("test", PATH="/usr/bin:/bin")

    assert failed.returncode == 1
    assert "devstack: python ended with exit code 1, so .venv is not complete" in failed.stderr
    assert "missing-1.0-py3-none-any.whl" in failed.stderr
    assert not (new.root / ".venv/.devstack-stamp").exists()
