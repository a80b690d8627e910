"""`manage.py jobs`: what people on call, and their programs, see of background work."""

import json
import os
import subprocess
import sys
from datetime import timedelta
from urllib.parse import quote

import pytest
from django.core.management import CommandError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from devstack.service import ROOT
from jobs import stats
from jobs.models import FINAL, NEWEST_FIRST, UNFINISHED, Attempt, Job, State
from jobs.tests.factories import JobFactory

NOW = timezone.now()


def test_the_list_is_newest_first_in_aligned_columns(jobs, alice):
    JobFactory(job_id="welcome_email:old", created_at=NOW - timedelta(days=1))
    JobFactory(job_id="welcome_email:new", owner=alice, state=State.RUNNING)
    heading, newest, oldest = jobs("list").splitlines()

    assert "welcome_email:new" in newest
    assert newest.endswith("alice")
    assert {line.index("welcome_email") for line in (newest, oldest)} == {heading.index("JOB_ID")}


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--state", "failed"], {"welcome_email:failed"}),
        (["--kind", "cron"], {"cron:prune:1"}),
        (["--owner", "ALICE"], {"welcome_email:alice"}),
        (["--owner", "alice", "--state", "failed"], set()),
        (["--limit", "1"], {"cron:prune:1"}),
    ],
)
def test_a_filter_leaves_the_others_out(jobs, alice, filters, found):
    JobFactory(job_id="welcome_email:failed", state=State.FAILED)
    JobFactory(job_id="welcome_email:alice", owner=alice)
    JobFactory(job_id="cron:prune:1", kind="cron")

    assert {job["job_id"] for job in json.loads(jobs("list", "--json", *filters))} == found


def test_the_list_says_that_it_is_empty(jobs):
    assert jobs("list", "--kind", "cron") == "No job matches.\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["list", "--state", "done"], "invalid choice: 'done'"),
        (["list", "--kind", "Welcome Email"], "cannot be the name of a kind"),
        (["list", "--owner", "nobody"], "There is no user 'nobody'."),
        (["list", "--owner", "\udcff"], "There is no user"),
        (["show", "\udcff"], "There is no job"),
        (["list", "--limit", "0"], "must be a whole number from 1 to 10000"),
        (["list", "--limit", "10001"], "must be a whole number from 1 to 10000"),
        (["list", "--limit", "9" * 5000], "must be a whole number from 1 to 10000"),
        (["list", "--limit", "٣"], "must be a whole number from 1 to 10000"),
        (["show", "welcome_email:nobody"], "There is no job 'welcome_email:nobody'."),
        (["show", "x" * 5000], "There is no job"),
        (["tell"], "invalid choice: 'tell'"),
        ([], "required: SUBCOMMAND"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(jobs, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        jobs(*arguments)


def test_the_list_takes_two_statements_however_many_owners(jobs, alice, bob):
    JobFactory(owner=alice), JobFactory(owner=bob)
    with CaptureQueriesContext(connection) as statements:
        jobs("list")

    assert len(statements) == 2
    assert "JOIN" not in statements[0]["sql"]


MANY = """
    INSERT INTO job_log (job_id, kind, payload, payload_sha, state, attempt, max_attempts, worker,
        error_code, error, created_at, run_at, finished_at)
    SELECT 'cron:' || n, 'cron', '{}', '', %(state)s::varchar, 0, 1, '', '', '', now() - n * interval '1 s',
        now() - interval '1 h',
        CASE WHEN %(state)s::varchar = 'succeeded' THEN now() END
    FROM generate_series(1, 50000) AS n
"""


def make_many(state):
    with connection.cursor() as cursor:
        cursor.execute(MANY, {"state": state})
        cursor.execute("ANALYZE job_log")


def test_among_many_jobs_the_newest_are_listed_through_their_index(jobs):
    make_many("succeeded")
    with CaptureQueriesContext(connection) as statements:
        jobs("list")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statements[0]['sql']}")

        assert "job_log_newest_idx" in str(cursor.fetchall())


def test_among_many_finished_jobs_unfinished_ones_are_listed_through_their_index(jobs):
    JobFactory.create_batch(5)
    make_many("succeeded")

    assert "job_log_unfinished_idx" in Job.objects.filter(state=State.QUEUED).order_by(NEWEST_FIRST)[:20].explain()


@pytest.mark.django_db(transaction=True)
def test_nobody_reading_the_list_is_no_error():
    ours = connection.settings_dict
    password = quote(ours["PASSWORD"], safe="")
    url = f"postgresql://{ours['USER']}:{password}@{ours['HOST']}:{ours['PORT']}/{ours['NAME']}"
    nobody, pipe = os.pipe()
    os.close(nobody)
    command = [sys.executable, "manage.py", "jobs", "list"]
    ended = subprocess.run(
        command, stdout=pipe, stderr=subprocess.PIPE, cwd=ROOT, env={**os.environ, "DATABASE_URL": url}
    )
    os.close(pipe)

    assert (ended.returncode, ended.stderr) == (0, b"")


def test_show_tells_every_field_and_attempt(jobs, alice):
    job = JobFactory(owner=alice, payload={"user_id": "7"}, state=State.FAILED, error="SMTPException: no")
    Attempt.objects.create(job=job, attempt=1, worker="host:12", started_at=NOW, outcome="error", error="no")
    shown = json.loads(jobs("show", job.pk, "--json"))

    assert {field.name for field in Job._meta.concrete_fields} < shown.keys()
    assert (shown["owner"], shown["payload"]) == ("alice", {"user_id": "7"})
    assert shown["created_at"].endswith("Z")
    assert [(tried["worker"], tried["outcome"]) for tried in shown["attempts"]] == [("host:12", "error")]


def test_show_is_readable_by_people(jobs):
    job = JobFactory(error="SMTPException: \x1b[31mred")
    shown = jobs("show", job.pk)

    assert "state               queued\n" in shown
    assert "No attempt was made." in shown
    assert "\x1b" not in shown


def test_stats_count_every_state(jobs):
    for state in (State.QUEUED, State.QUEUED, State.RUNNING, State.FAILED, State.NEEDS_REVIEW):
        JobFactory(state=state)
    told = json.loads(jobs("stats", "--json"))

    assert told["states"] == {
        "queued": 2, "running": 1, "succeeded": 0, "failed": 1, "cancelled": 0, "needs_review": 1
    }  # fmt: skip
    assert (told["estimated"], told["last_hour"]["estimated"]) == ([], False)


def test_stats_tell_the_oldest_due_job_and_how_late_it_is(jobs):
    JobFactory(job_id="welcome_email:late", run_at=NOW - timedelta(minutes=5))
    JobFactory(state=State.RUNNING, lease_until=NOW - timedelta(minutes=1), run_at=NOW - timedelta(hours=1))
    JobFactory(run_at=NOW - timedelta(days=1), state=State.SUCCEEDED)
    due = json.loads(jobs("stats", "--json"))["oldest_due"]

    assert due["job_id"] == "welcome_email:late"
    assert due["late_seconds"] >= 300


def test_stats_tell_what_ended_in_the_last_hour(jobs):
    JobFactory(state=State.SUCCEEDED), JobFactory(state=State.FAILED)
    JobFactory(state=State.FAILED, finished_at=NOW - timedelta(hours=2))

    assert "In the last hour: 1 succeeded, 1 failed." in jobs("stats")


def test_stats_tell_what_waits_for_another_attempt_after_an_error(jobs):
    JobFactory(state=State.QUEUED, attempt=2, error_code="error", run_at=NOW + timedelta(minutes=5))
    JobFactory(state=State.QUEUED)

    assert f"After errors, 1 wait for another attempt, the next at {NOW + timedelta(minutes=5):%Y-%m-%dT%H:%M}" in jobs(
        "stats"
    )


def test_stats_tell_of_the_last_day(jobs):
    JobFactory(state=State.SUCCEEDED, attempt=3, max_attempts=3)
    JobFactory(state=State.FAILED, attempt=2, max_attempts=2)
    JobFactory(state=State.FAILED, finished_at=NOW - timedelta(hours=25))

    assert "In the last 24 hours: 1 succeeded, 1 failed, after 3 retries." in jobs("stats")


def test_stats_tell_who_runs_what_since_when(jobs):
    JobFactory(state=State.RUNNING, worker="host:12", started_at=NOW)
    running = json.loads(jobs("stats", "--json"))["running"][0]

    assert (running["worker"], running["started_at"][:16]) == ("host:12", f"{NOW:%Y-%m-%dT%H:%M}")
    assert "host:12" in jobs("stats")


def test_stats_say_that_nothing_is_due(jobs):
    assert "Nothing is due." in jobs("stats")


@pytest.mark.parametrize(
    ("state", "about"), [("succeeded", set(FINAL)), ("queued", set(UNFINISHED))], ids=["finished", "unfinished"]
)
def test_stats_estimate_what_takes_too_long_to_count_and_say_so(jobs, monkeypatch, state, about):
    make_many(state)  # which takes far longer than the shortest timeout there is
    monkeypatch.setattr(stats, "QUERY_MILLISECONDS", 1)
    told = json.loads(jobs("stats", "--json"))

    assert about <= set(told["estimated"])
    assert told["states"][state] == pytest.approx(50_000, rel=0.1)
    assert "is an estimate" in jobs("stats")
    if state == "queued":
        assert (told["running"], told["oldest_due"]["late_seconds"] >= 3600) == (None, True)
        assert "The running jobs are unknown" in jobs("stats")
    else:
        assert told["last_hour"]["estimated"]
