"""`manage.py import_taskhub` from a database that the FastAPI service's own models would not have made."""

import json
from datetime import UTC

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from importers.tests.fastapi import LONG_AGO
from importers.tests.test_import_taskhub import counts
from tasks.models import Task

HUGE = 5_000_000  # characters
Job = User._meta.get_field("jobs").related_model


@pytest.fixture
def fastapi(fastapi_service):
    """Its columns take anything."""
    fastapi_service.empty()
    for table in ("tasks", "users", "job_log"):
        fastapi_service.connection.execute(f"CREATE TABLE odd AS TABLE {table}; DROP TABLE {table}")
        fastapi_service.connection.execute(f"ALTER TABLE odd RENAME TO {table}")
    for table, column in (("users", "username"), ("tasks", "title"), ("tasks", "description")):
        alter(fastapi_service, table, column, "text")
    return fastapi_service


def alter(fastapi, table, column, type):
    fastapi.connection.execute(f"ALTER TABLE {table} ALTER {column} TYPE {type} USING {column}::text::{type}")


def twice(fastapi, table):
    """A view takes the table's place, and gives each row twice."""
    fastapi.connection.execute(f"ALTER TABLE {table} RENAME TO once")
    fastapi.connection.execute(f"CREATE VIEW {table} AS TABLE once UNION ALL TABLE once")


@pytest.fixture
def run(db, fastapi, capsys, tmp_path):
    """Runs the command; what it prints, and the lines of its report."""

    def run():
        call_command("import_taskhub", fastapi.url, "--report", str(tmp_path / "report"))
        return capsys.readouterr().out, [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]

    return run


@pytest.mark.parametrize(
    ("table", "column", "reason"),
    [
        ("users", "id", "value_is_null"),
        ("users", "username", "value_is_null"),
        ("users", "hashed_password", "value_is_null"),
        ("users", "created_at", "time_out_of_range"),
        ("tasks", "id", "value_is_null"),
        ("tasks", "title", "value_is_null"),
        ("tasks", "owner_id", "value_is_null"),
        ("tasks", "created_at", "time_out_of_range"),
        ("job_log", "job_id", "value_is_null"),
        ("job_log", "created_at", "time_out_of_range"),
    ],
)
def test_a_row_without_a_value_is_reported_and_the_rest_goes_on(run, fastapi, table, column, reason):
    alice = fastapi.user()
    fastapi.task(alice), fastapi.job("job:1")
    fastapi.connection.execute(f"CREATE TABLE half AS TABLE {table}")
    fastapi.connection.execute(f"UPDATE half SET {key(table)} = gen_random_uuid()")  # noqa: S608
    fastapi.connection.execute(f"UPDATE half SET {column} = NULL; INSERT INTO {table} TABLE half")  # noqa: S608
    said, lines = run()

    assert counts(said) == {"users": (1, 0, 0), "tasks": (1, 0, 0), "job_log": (1, 0, 0), table: (1, 0, 1)}
    assert [(line["table"], line["reason"]) for line in lines] == [(table, reason)]
    assert column in lines[0]["detail"] or "NULL" in lines[0]["detail"]


def key(table):
    return "job_id" if table == "job_log" else "id"


@pytest.mark.parametrize(
    ("table", "column", "type", "expected"),
    [
        ("users", "created_at", "text", "timestamp without time zone or timestamp with time zone"),
        ("tasks", "created_at", "date", "timestamp without time zone or timestamp with time zone"),
        ("job_log", "updated_at", "integer", "timestamp without time zone or timestamp with time zone"),
        ("users", "username", "bytea", "text or character varying or character"),
        ("tasks", "title", "integer", "text or character varying or character"),
        ("tasks", "owner_id", "bigint", "text or character varying or character or uuid"),
        ("job_log", "result", "text", "json or jsonb"),
    ],
)
def test_a_column_of_another_type_is_named_before_anything_is_taken(db, fastapi, table, column, type, expected):
    if table != "users":
        fastapi.user()
    alter(fastapi, table, column, type)
    with pytest.raises(CommandError, match=f"column {table}.{column} is of type {type}; expected is {expected}\\.$"):
        call_command("import_taskhub", fastapi.url)

    assert not User.objects.exists()


def test_ids_of_type_uuid_and_results_of_type_jsonb_are_taken(run, fastapi):
    alice = fastapi.user()
    fastapi.task(alice), fastapi.job("job:1", result='{"a": 1}')
    for table, column in (("users", "id"), ("tasks", "id"), ("tasks", "owner_id")):
        alter(fastapi, table, column, "uuid")
    alter(fastapi, "job_log", "result", "jsonb")

    assert counts(run()[0]) == {"users": (1, 0, 0), "tasks": (1, 0, 0), "job_log": (1, 0, 0)}
    assert Job.objects.get().result == {"a": 1}


def test_times_with_a_zone_are_taken_as_they_are(run, fastapi):
    alter(fastapi, "users", "created_at", "timestamptz")
    fastapi.user(created_at="2024-05-17T10:30:00+02:00")
    run()

    assert User.objects.get().created_at == LONG_AGO.replace(tzinfo=UTC)


@pytest.mark.parametrize(
    "row", [{"title": "x" * HUGE}, {"description": "x" * HUGE}, {"owner_id": "x" * HUGE}, {"id": "x" * HUGE}]
)
def test_a_huge_value_of_a_task_is_cut_in_the_report(run, fastapi, row):
    fastapi.task(**{"owner_id": fastapi.user(), **row})
    said, (line,) = run()

    assert max(map(len, [*said.splitlines(), *line.values()])) < 220


@pytest.mark.parametrize("name", ["x" * HUGE, "ab" + " " * 190])
def test_a_huge_name_is_cut_in_the_report(run, fastapi, name):
    fastapi.user(name)
    said, (line,) = run()

    assert line["reason"] == "username_refused"
    assert max(map(len, [*said.splitlines(), *line.values()])) < 220


@pytest.mark.parametrize("row", [{"job_id": "x" * HUGE}, {"job_id": "job:1", "result": f'"{"x" * HUGE}\\ud800"'}])
def test_a_huge_value_of_a_job_is_cut_in_the_report(run, fastapi, row):
    fastapi.job(**row)
    said, (line,) = run()

    assert max(map(len, [*said.splitlines(), *line.values()])) < 220


def test_a_huge_name_is_not_normalized(run, fastapi, monkeypatch):
    normalized = []
    monkeypatch.setattr(User, "normalize_username", classmethod(lambda cls, name: normalized.append(name) or name))
    fastapi.user("\u0301\u0323" * 1000), fastapi.user("alice")
    run()

    assert normalized == ["alice"]


@pytest.mark.parametrize("result", ["C:\\u0000", "\\\\u0000", ["\\u0000"], {"\\u0000": 1}])
def test_a_result_with_a_backslash_before_u0000_is_taken(run, fastapi, result):
    fastapi.job("job:1", result=json.dumps(result))
    run()

    assert Job.objects.get().result == result


@pytest.mark.parametrize("result", ["\0", "\\\0", [[], ["\0"]], {"\0": 1}, {"a": [{"b": "\0"}]}])
def test_a_result_with_nul_in_any_string_is_reported(run, fastapi, result):
    fastapi.job("job:1", result=json.dumps(result))

    assert [line["detail"] for line in run()[1]] == ["it holds a NUL character"]


def test_a_row_that_comes_twice_is_taken_once_and_the_other_has_a_reason(run, fastapi):
    fastapi.task(fastapi.user()), fastapi.job("job:1")
    for table in ("users", "tasks", "job_log"):
        twice(fastapi, table)
        fastapi.connection.execute(f"ALTER TABLE once RENAME TO once_{table}")
    said, lines = run()

    assert counts(said) == {"users": (1, 0, 1), "tasks": (1, 0, 1), "job_log": (1, 0, 1)}
    assert [line["reason"] for line in lines] == ["twice_in_source"] * 3
    assert counts(run()[0]) == {"users": (0, 1, 1), "tasks": (0, 1, 1), "job_log": (0, 1, 1)}


def test_no_reason_is_given_twice_for_one_row(run, fastapi, alice):
    fastapi.user("ALICE"), fastapi.user("ab")
    twice(fastapi, "users")
    said, lines = run()

    assert counts(said)["users"] == (0, 0, 4)
    assert sorted(line["reason"] for line in lines) == [
        "twice_in_source", "twice_in_source", "username_refused", "username_taken",
    ]  # fmt: skip


def test_nothing_is_lost_when_all_of_it_is_odd(run, fastapi):
    alice = fastapi.user()
    fastapi.task(alice, title=None), fastapi.task(alice, title=""), fastapi.task(alice)
    said, lines = run()

    assert counts(said)["tasks"] == (1, 0, 2)
    assert [line["reason"] for line in lines] == ["value_is_null", "title_refused"]
    assert Task.objects.count() == 1
