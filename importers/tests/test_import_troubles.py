"""`manage.py import_taskhub` when something is wrong: a sentence, nothing half done, and the next run completes it."""

import os
import subprocess
import sys
import uuid

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from psycopg.errors import ReadOnlySqlTransaction

from accounts.models import User
from devstack.ports import free_port
from devstack.service import ROOT, wait_until
from importers.fastapi.source import batches, connected
from importers.management.commands import import_taskhub
from importers.tests.fastapi import url_of
from tasks.models import Task


def refused(*arguments):
    with pytest.raises(CommandError) as refusal:
        call_command("import_taskhub", *arguments)
    return str(refusal.value)


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("", "must be a URL such as"),
        ("taskhub", "must be a URL such as"),
        ("mysql://app:hunter2@localhost/taskhub", "must be a URL such as"),
        ("postgresql://app:hunter2@localhost", "names no database"),
        ("postgresql://app:hunter2@localhost:port/taskhub", "host or port cannot be read"),
        ("postgresql://app:@hunter2@localhost/taskhub", "written as %40"),
        ("postgresql://app:/hunter2@localhost/taskhub", "written as %40"),
        ("postgresql://app:1/hunter2@localhost/taskhub", "written as %40"),
        ("postgresql://app:%hunter2@localhost/taskhub", "client library can read"),
        ("postgresql+asyncpg://app:hunter2@localhost/taskhub?ssl=require", "client library can read"),
    ],
)
def test_a_wrong_url_is_refused_in_a_sentence_without_the_password(db, url, sentence):
    said = refused(url)

    assert sentence in said
    assert "hunter2" not in said


def test_a_server_that_is_not_there_is_named_without_the_password(db):
    said = refused(f"postgresql+asyncpg://app:hunter2@127.0.0.1:{free_port()}/taskhub")

    assert "cannot be reached" in said
    assert "refused" in said
    assert "hunter2" not in said


def test_a_wrong_password_is_not_repeated(fastapi, db):
    url = fastapi.url.replace(connection.settings_dict["PASSWORD"], "hunter2")

    assert "hunter2" not in refused(url)
    assert "cannot be reached" in refused(url)


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("DROP TABLE job_log", 'relation "job_log" does not exist'),
        ("ALTER TABLE users RENAME hashed_password TO password", 'column "hashed_password" does not exist'),
    ],
)
def test_another_database_is_refused_before_anything_is_taken(fastapi, db, change, sentence):
    fastapi.user()
    fastapi.connection.execute(change)

    assert refused(fastapi.url) == f"The source is no database of the FastAPI service: {sentence}."
    assert not User.objects.exists()


def test_our_own_database_is_refused(db):
    assert "is the database of this very service" in refused(url_of(connection.settings_dict["NAME"]))


def test_a_report_that_cannot_be_written_stops_before_anything_is_taken(fastapi, db):
    fastapi.user()

    assert "The report cannot be written" in refused(fastapi.url, "--report", "/proc/nowhere/report")
    assert not User.objects.exists()


def test_the_source_is_only_read(fastapi, db):
    with connected(fastapi.url) as source, pytest.raises(ReadOnlySqlTransaction):
        source.execute("DELETE FROM users")


def test_all_tables_are_of_one_moment(fastapi, db):
    alice = fastapi.user()
    with connected(fastapi.url) as source:
        fastapi.task(alice)
        assert list(batches(source, "tasks")) == []


def test_a_source_that_goes_away_leaves_whole_batches_and_the_next_run_completes_them(fastapi, db, monkeypatch):
    fastapi.tasks(fastapi.user(), 2500)
    take, taken = import_taskhub.TAKE["tasks"], []

    def take_until_the_server_goes(rows):
        taken.append(take(rows))
        if len(taken) == 2:
            fastapi.connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        return taken[-1]

    monkeypatch.setitem(import_taskhub.TAKE, "tasks", take_until_the_server_goes)
    assert "run it again to go on" in refused(fastapi.url)
    assert Task.objects.count() == 2000
    call_command("import_taskhub", fastapi.url)
    assert Task.objects.count() == 2500


@pytest.mark.django_db(transaction=True)
def test_killed_in_the_middle_and_run_again_it_ends_complete(fastapi, capsys):
    fastapi.tasks(fastapi.user(), 2500)
    in_the_third_batch = fastapi.connection.execute("SELECT id FROM tasks OFFSET 2200 LIMIT 1").fetchone()[0]
    environment = {**os.environ, "DATABASE_URL": url_of(connection.settings_dict["NAME"])}
    with transaction.atomic():  # holds up the import where it comes to this id
        Task.objects.create(id=in_the_third_batch, owner_id=uuid.uuid4(), title="In the way")
        process = subprocess.Popen(
            [sys.executable, "manage.py", "import_taskhub", fastapi.url], cwd=ROOT, env=environment
        )
        wait_until(lambda: somebody_waits_for_a_lock(fastapi.connection))
        process.kill()
        process.wait()
        transaction.set_rollback(True)

    assert Task.objects.count() == 2000
    call_command("import_taskhub", fastapi.url)
    assert Task.objects.count() == 2500
    assert "tasks             500         2,000             0" in capsys.readouterr().out


def somebody_waits_for_a_lock(observer):
    """Asked outside the transaction, which would see the same answer again and again."""
    waiting = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock')"
    return observer.execute(waiting, [connection.settings_dict["NAME"]]).fetchone()[0]


def test_stopped_by_ctrl_c_it_says_how_to_go_on(fastapi, db, monkeypatch):
    def interrupted(rows):
        raise KeyboardInterrupt

    fastapi.task(fastapi.user())
    monkeypatch.setitem(import_taskhub.TAKE, "tasks", interrupted)

    assert refused(fastapi.url) == "Stopped. The batches before are here; run it again to go on."
    assert User.objects.count() == 1
