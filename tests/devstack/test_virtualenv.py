"""When `.venv` is made, and when it counts as made."""

import os
import shutil
import sys

import pytest

from devstack.service import wait_until
from tests.devstack.checkout import Checkout, make_checkout, survivors

# Stands in for uv, which would need the network: notes that it ran, and "installs" what the test wants.
UV = """#!{python}
import os, pathlib, sys, time
with open(os.environ["UV_LOG"], "a") as log:
    print(*sys.argv[1:3], os.path.basename(sys.argv[-1]), file=log)
if sys.argv[1] == "venv":
    os.makedirs(sys.argv[-1] + "/bin")
    os.symlink(sys.executable, sys.argv[-1] + "/bin/python")
else:
    time.sleep(float(os.environ.get("UV_TAKES", 0)))
    sys.exit(os.environ.get("UV_FAILS"))
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
    """The locks that were installed, in order."""
    lines = (new.home / "uv.log").read_text().splitlines()
    return [line.removeprefix("pip install ") for line in lines if line.startswith("pip install")]


def test_what_tests_need_is_installed_once_on_top_of_what_runs(new, settings):
    new.run("test", "--version", **settings)
    new.run("test", "--version", **settings)

    assert installs(new) == ["local.txt", "dev.txt"]


def test_it_is_made_anew_when_the_lock_changes(new, settings):
    new.run("test", "--version", **settings)
    (new.root / "requirements/local.txt").write_text("# another lock\n")
    new.run("test", "--version", **settings)

    assert installs(new) == ["local.txt", "dev.txt", "local.txt", "dev.txt"]


def test_what_tests_need_is_added_under_a_command_that_runs(root, home, uv):
    checkout = Checkout(root, home)
    (root / "requirements/dev.txt").write_text("# more than there was\n")
    with checkout.up() as up:
        up.is_ready()
        checkout.run("test", "--version", PATH=f"{uv}:{os.environ['PATH']}", UV_LOG=str(home / "uv.log"))

    assert installs(checkout) == ["dev.txt"]


def test_after_a_failure_it_says_why_and_the_next_command_makes_it_anew(new, settings):
    failed = new.run("test", "--version", UV_FAILS="no such package", **settings)
    new.run("test", "--version", **settings)

    assert failed.returncode == 1
    assert "devstack: uv ended with exit code 1, so .venv is not complete" in failed.stderr
    assert "no such package" in failed.stderr
    assert installs(new) == ["local.txt", "local.txt", "dev.txt"]


def test_without_a_network_it_says_where_to_look(new, settings):
    failed = new.run("test", "--version", UV_FAILS="cause: client error (Connect)", **settings)

    assert failed.returncode == 1
    assert failed.stderr.splitlines()[-1].startswith("devstack: the package index cannot be reached")
    assert "client error" not in failed.stderr


def test_interrupted_it_stops_the_installer_and_the_next_command_makes_it_anew(new, settings):
    with new.up(UV_TAKES="60", **settings) as up:
        up.says("installing requirements/local.txt")
        wait_until(lambda: installs(new))  # the installer runs
        family = up.family()
        up.process.terminate()

        assert up.process.wait(timeout=10) == 0
        assert survivors(family) == []

    new.run("test", "--version", **settings)
    assert installs(new) == ["local.txt", "local.txt", "dev.txt"]


def test_it_is_not_made_anew_under_a_command_that_uses_it(root, home):
    checkout = Checkout(root, home)
    lock = root / "requirements/local.txt"
    with checkout.up() as up:
        up.is_ready()
        before = lock.read_text()
        lock.write_text("# another lock\n")
        refused = checkout.run("test", "--version")
        lock.write_text(before)

    assert refused.returncode == 1
    assert refused.stderr == "devstack: .venv must be made anew but a running devstack uses it: stop that first\n"


def test_without_uv_pip_installs_it_from_its_own_lock(new):
    (new.root / "requirements/uv.txt").write_text("./missing-1.0-py3-none-any.whl --hash=sha256:00\n")
    failed = new.run("test", PATH="/usr/bin:/bin")

    assert failed.returncode == 1
    assert "devstack: python ended with exit code 1, so .venv is not complete" in failed.stderr
    assert "missing-1.0-py3-none-any.whl" in failed.stderr
    assert not list((new.root / ".venv").glob("devstack-*"))
