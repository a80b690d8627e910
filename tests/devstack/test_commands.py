"""What the commands answer when nothing runs."""

import ast
import socket

import pytest

from tests.devstack.checkout import ROOT, Checkout


@pytest.mark.parametrize("arguments", [[], ["down"], ["up", "--port", "0"], ["up", "--port", "http"], ["env", "x"]])
def test_wrong_usage_exits_2(checkout, arguments):
    assert checkout.run(*arguments).returncode == 2


def test_help_names_every_command(checkout):
    helped = checkout.run("-h")

    assert helped.returncode == 0
    assert all(f"\n    {command} " in helped.stdout for command in ("up", "test", "manage", "env"))


@pytest.mark.parametrize("file", ["__init__.py", "__main__.py"])
def test_an_old_python_gets_as_far_as_the_sentence_for_it(file):
    ast.parse((ROOT / "devstack" / file).read_text(), feature_version=(3, 8))


def test_a_taken_port_is_told_before_anything_is_started(checkout):
    with socket.create_server(("127.0.0.1", 0)) as rival:
        port = str(rival.getsockname()[1])
        tried = checkout.run("up", "--port", port)

    assert tried.returncode == 1
    assert tried.stderr == (
        f"devstack: cannot listen on 127.0.0.1 port {port}: Address already in use; choose another with --port\n"
    )
    assert not (checkout.home / "postgres").exists()


def test_env_exits_1_with_a_sentence(checkout):
    told = checkout.run("env")

    assert (told.returncode, told.stdout) == (1, "")
    assert told.stderr == "devstack: not running (yet); start it with: python3 -m devstack up\n"


def test_manage_starts_servers_for_itself_and_only_its_own_output_is_on_stdout(checkout):
    managed = checkout.run("manage", "exit", "5")

    assert managed.returncode == 5
    assert managed.stdout.startswith("manage.py got exit 5 postgresql://taskhub_app:")
    assert managed.stdout.count("\n") == 1
    assert not list(checkout.home.rglob("*.pid"))


def test_manage_starts_nothing_when_the_environment_names_servers(checkout):
    managed = checkout.run("manage", "--help", DATABASE_URL="postgresql://elsewhere/x", REDIS_URL="redis://elsewhere")

    assert managed.stdout == "manage.py got --help postgresql://elsewhere/x\n"
    assert not (checkout.home / "postgres").exists()


def test_settings_come_from_dotenv(root, tmp_path):
    (tmp_path / "checkout").mkdir()
    for path in root.iterdir():
        (tmp_path / "checkout" / path.name).symlink_to(path)
    (tmp_path / "checkout/.env").write_text("DATABASE_URL=postgresql://dotenv/x\nREDIS_URL=redis://dotenv\n")
    managed = Checkout(tmp_path / "checkout", tmp_path).run("manage", "check", DATABASE_URL="postgresql://real/x")

    assert managed.stdout == "manage.py got check postgresql://real/x\n"
