"""The private PostgreSQL and Valkey themselves, as tests of other things use them."""

import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from devstack import DevstackError
from devstack.account import for_servers
from devstack.postgres import Postgres
from devstack.valkey import Valkey

ROOT_ONLY = pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another account for PostgreSQL")


def ask(postgres, query):
    with psycopg.connect(postgres.url) as connection:
        return connection.execute(query).fetchone()[0]


@pytest.fixture(scope="module")
def postgres(shared_home):
    postgres = Postgres(shared_home, durable=False)
    postgres.start()
    yield postgres
    postgres.remove()


@pytest.fixture(scope="module")
def valkey(shared_home):
    valkey = Valkey(shared_home)
    valkey.start()
    yield valkey
    valkey.remove()


def test_postgres_comes_back_on_the_same_port_with_its_data(postgres):
    url = postgres.url
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    postgres.stop()
    postgres.start()

    assert postgres.url == url
    assert ask(postgres, "SELECT answer FROM kept") == 42


def test_valkey_comes_back_on_the_same_port_with_its_data(valkey):
    url = valkey.url
    redis.from_url(url).set("answer", 42)
    valkey.stop()
    valkey.start()

    assert valkey.url == url
    assert redis.from_url(url).get("answer") == b"42"


def test_postgres_does_not_let_in_without_its_password(postgres):
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.url, password="wrong")


def test_valkey_does_not_let_in_without_its_password(valkey):
    client = redis.Redis(port=valkey.port, retry=Retry(NoBackoff(), 0))

    with client, pytest.raises(redis.AuthenticationError):
        client.ping()


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        ("SHOW server_encoding", "UTF8"),
        ("SHOW timezone", "UTC"),
        ("SHOW max_connections", "100"),
        ("SELECT lower('ÉΣЖ')", "éσж"),
        ("SELECT 'ÉCLAIR' ILIKE 'éclair'", True),
    ],
)
def test_postgres_answers(postgres, query, answer):
    assert ask(postgres, query) == answer


def test_a_pid_that_now_belongs_to_another_process_is_left_alone(home):
    postgres = Postgres(home, durable=False)
    postgres.start()
    postgres.stop()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        (home / "postgres/postgres.pid").write_text(f"{stranger.pid} 1000000000.0")
        (home / "postgres/data/postmaster.pid").write_text(f"{stranger.pid}\n{home}/postgres/data\n")
        postgres.start()

        assert stranger.poll() is None
        stranger.communicate(b"\n")
    postgres.stop()


def test_one_that_an_earlier_run_left_is_replaced(home):
    left, next_run = Postgres(home, durable=False), Postgres(home, durable=False)
    left.start()
    next_run.start()

    assert left.pid is None
    assert ask(next_run, "SELECT 1") == 1
    next_run.stop()


def test_why_a_server_does_not_start_is_told(home):
    broken = Postgres(home, durable=False)
    broken.start()
    broken.stop()
    (home / "postgres/data/global/pg_control").unlink()

    with pytest.raises(DevstackError, match=r"postgres ended with exit code .* could not open file") as told:
        broken.start()
    assert f"(more in {home}/postgres/postgres.log)" in str(told.value)


@ROOT_ONLY
def test_under_a_private_home_the_data_is_where_the_other_account_gets_to(tmp_path):
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    postgres = Postgres(private, durable=False)
    postgres.start()
    data = Path(ask(postgres, "SHOW data_directory"))
    postgres.stop()
    postgres.start()

    assert not data.is_relative_to(tmp_path)
    assert data.owner() == for_servers().name
    assert Path(ask(postgres, "SHOW data_directory")) == data
    postgres.remove()
    assert not data.exists()


@ROOT_ONLY
def test_a_folder_somebody_else_has_made_there_is_not_used(tmp_path):
    private = tmp_path / "private"
    (private / "postgres").mkdir(parents=True, mode=0o700)
    trap = tmp_path / "trap"
    trap.mkdir()
    os.chown(trap, for_servers().uid, for_servers().gid)
    (private / "postgres/location").write_text(str(trap))

    with pytest.raises(DevstackError, match="should be a folder that only we can write to"):
        Postgres(private).start()
