"""`manage.py jobs retry`, `cancel` and `prune`."""

import io
import json
import sys
from datetime import timedelta
from getpass import getuser

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from jobs import running
from jobs.models import Event, Job, State
from jobs.tests.factories import JobFactory


@pytest.fixture
def jobs(db, capsys):
    """Runs `manage.py jobs ...` and returns its document, and the exit code."""

    def run(*arguments):
        code = 0
        try:
            call_command("jobs", *arguments, "--json")
        except SystemExit as end:
            code = end.code
        return json.loads(capsys.readouterr().out), code

    return run


class Terminal(io.StringIO):
    def isatty(self):
        return True


def states():
    return set(Job.objects.values_list("state", flat=True))


@pytest.mark.parametrize(
    ("action", "state", "follows"), [("retry", "failed", "queued"), ("cancel", "queued", "cancelled")]
)
def test_jobs_are_named_by_their_ids(jobs, action, state, follows):
    named, other = JobFactory(state=state), JobFactory(state=state)

    assert jobs(action, named.pk, "--by", "carol on call") == ({"done": [named.pk], "refused": []}, 0)
    assert [Job.objects.get(pk=pk).state for pk in (named.pk, other.pk)] == [follows, state]
    assert Event.objects.values_list("by", "via", "user").get() == ("carol on call", "command", None)


def test_who_it_was_is_the_user_of_the_operating_system_unless_told(jobs):
    jobs("cancel", JobFactory().pk)

    assert Event.objects.get().by == getuser()


def test_what_cannot_be_done_is_told_and_the_rest_is_done(jobs):
    failed, succeeded = JobFactory(state=State.FAILED), JobFactory(state=State.SUCCEEDED)
    told, code = jobs("retry", succeeded.pk, "welcome_email:none", failed.pk, failed.pk)

    assert (told["done"], code) == ([failed.pk], 1)
    assert [job["job_id"] for job in told["refused"]] == [succeeded.pk, "welcome_email:none"]
    assert [job["detail"][:13] for job in told["refused"]] == ["Only a job th", "There is no s"]


def test_a_job_whose_worker_is_committing_is_told_and_the_rest_is_done(held, jobs):
    running, queued = JobFactory(state=State.RUNNING), JobFactory()
    with held(running):
        told, code = jobs("cancel", running.pk, queued.pk)

    assert (told["done"], code) == ([queued.pk], 1)
    assert told["refused"][0]["detail"] == "A worker holds this job right now. Look at it again."


def test_a_filter_finds_the_oldest_first(jobs):
    now = timezone.now()
    old, new = (JobFactory(state=State.FAILED, created_at=now - timedelta(days=n)).pk for n in (2, 1))
    JobFactory(state=State.FAILED, kind="cron", created_at=now - timedelta(days=3))

    assert jobs("retry", "--state", "failed", "--kind", "welcome_email", "--limit", "1")[0]["done"] == [old]
    assert jobs("retry", "--state", "failed", "--kind", "welcome_email")[0]["done"] == [new]


def test_a_doubtful_effect_is_never_repeated_by_naming_a_kind_alone(jobs):
    JobFactory(state=State.NEEDS_REVIEW)

    assert jobs("retry", "--kind", "welcome_email") == ({"done": [], "refused": []}, 0)
    assert jobs("retry", "--kind", "welcome_email", "--state", "needs_review")[0]["refused"] == []
    assert states() == {State.QUEUED}


@pytest.mark.parametrize(
    ("typed", "options", "follows"),
    [("n\n", [], "queued"), ("", [], "queued"), ("y\n", [], "cancelled"), ("n\n", ["--yes"], "cancelled")],
)
def test_at_a_terminal_many_jobs_are_asked_about(jobs, monkeypatch, typed, options, follows):
    JobFactory.create_batch(2)
    monkeypatch.setattr(sys, "stdin", Terminal(typed))
    if follows == "queued":
        with pytest.raises(CommandError, match=r"Nothing was done\."):
            jobs("cancel", "--state", "queued")
    else:
        jobs("cancel", "--state", "queued", *options)

    assert states() == {follows}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["retry"], "Say which jobs"),
        (["cancel", "welcome_email:1", "--kind", "cron"], "Say which jobs"),
        (["retry", "--state", "succeeded"], "invalid choice: 'succeeded'"),
        (["cancel", "--state", "failed"], "invalid choice: 'failed'"),
        (["cancel", "x:1", "--by", " "], "must be a name"),
        (["cancel", "x:1", "--by", "\x1b[31m"], "must be a name"),
        (["cancel", "x:1", "--by", "y" * 151], "must be a name"),
        (["cancel", "x:1", "--by", "\udcff"], "must be a name"),
        (["cancel", "--kind", "cron", "--limit", "0"], "must be a whole number"),
    ],
)
def test_bad_arguments_are_refused_in_a_sentence(db, arguments, sentence):
    with pytest.raises(CommandError, match=sentence):
        call_command("jobs", *arguments)


@pytest.mark.parametrize("job_id", ["\udcff", "a\0b:1", "welcome_email", "x" * 5000, "welcome_email:" + "1" * 5000, ""])
def test_what_cannot_be_a_job_is_not_there(jobs, job_id):
    told, code = jobs("cancel", job_id)

    assert (told["refused"][0]["detail"], code) == ("There is no such job. It may have been pruned.", 1)


@pytest.mark.parametrize("name", ["a\nb", "y" * 151, "\udcff"])
def test_a_user_of_the_operating_system_whose_name_cannot_be_kept_is_asked_for_one(db, monkeypatch, name):
    monkeypatch.setattr("getpass.getuser", lambda: name)
    with pytest.raises(CommandError, match=r"Say who does it: --by NAME\."):
        call_command("jobs", "cancel", JobFactory().pk)


def test_people_read_a_line_for_each_job(db, capsys):
    job = JobFactory(state=State.RUNNING)
    call_command("jobs", "cancel", job.pk)
    call_command("jobs", "cancel", "--kind", "cron")

    assert capsys.readouterr().out.splitlines() == [
        f"{job.pk}: cancelled, or asked to stop",
        "No job matches.",
    ]


def test_show_tells_who_retried_or_cancelled_the_job(db, capsys):
    job = JobFactory(state=State.FAILED)
    call_command("jobs", "retry", job.pk, "--by", "carol")
    capsys.readouterr()
    call_command("jobs", "show", job.pk)
    call_command("jobs", "show", job.pk, "--json")
    *lines, document = capsys.readouterr().out.splitlines()

    assert "carol (command)" in lines[-1]
    assert {"act": "retried", "by": "carol", "via": "command"}.items() <= json.loads(document)["events"][0].items()


def test_prune_deletes_in_batches_what_the_recurring_job_would(jobs, monkeypatch):
    monkeypatch.setattr(running, "BATCH", 2)
    long_ago = timezone.now() - timedelta(days=1000)
    JobFactory.create_batch(3, state=State.SUCCEEDED, finished_at=long_ago)
    for kept in (State.NEEDS_REVIEW, State.QUEUED):
        JobFactory(state=kept, created_at=long_ago)

    assert jobs("prune", "--dry-run") == ({"pruned": 3, "dry_run": True}, 0)
    assert Job.objects.count() == 5
    assert jobs("prune") == ({"pruned": 3, "dry_run": False}, 0)
    assert states() == {State.NEEDS_REVIEW, State.QUEUED}
