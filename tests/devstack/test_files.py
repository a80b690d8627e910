"""What a user is told when a file may not be used."""

import errno
import os

import pytest

from devstack.files import explain


@pytest.fixture
def stranger(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 54321)


def test_of_a_folder_of_somebody_else_it_tells_the_owner(stranger):
    told = explain(PermissionError(errno.EACCES, "Permission denied", "/etc/taskhub/lock"))

    assert told.startswith("/etc/taskhub/lock cannot be used: it belongs to root, and this is 54321.")


def test_of_a_folder_of_ours_it_tells_the_mode(tmp_path):
    told = explain(PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "lock")))

    assert told.endswith(f"its mode forbids it. Allow it with chmod u+rwX {tmp_path}")


def test_of_a_read_only_file_system_it_tells_to_clone_elsewhere():
    told = explain(OSError(errno.EROFS, "Read-only file system", "/checkout/.venv"))

    assert told == "/checkout/.venv is on a read-only file system: clone TaskHub to a folder you can write to"


def test_another_failure_is_told_as_it_is():
    assert explain(OSError(errno.ENOSPC, "No space left on device", "/x")) == "[Errno 28] No space left on device: '/x'"
