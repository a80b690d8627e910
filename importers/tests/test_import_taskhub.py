"""`manage.py import_taskhub`: users, tasks and finished jobs come over from the FastAPI service as they are."""

import json
from datetime import UTC, timedelta

import pytest
from django.conf import settings as loaded
from django.core.management import call_command
from django.db import transaction

from accounts.models import User
from conftest import client_of
from importers.tests.fastapi import HASH, LONG_AGO, OLD_PASSWORD
from jobs.services import enqueue
from tasks.models import Task


@pytest.fixture
def run(db, fastapi, capsys):
    """Runs `manage.py import_taskhub <url> ...` and returns what it prints."""

    def run(*options):
        call_command("import_taskhub", fastapi.url, *options)
        return capsys.readouterr().out

    return run


def counts(said):
    """Of each table: taken, already here, not taken."""
    lines = [line.split() for line in said.splitlines()[1:4]]
    return {name: tuple(int(number.replace(",", "")) for number in numbers) for name, *numbers in lines}


def test_a_user_keeps_id_name_and_time(run, fastapi):
    zoe = fastapi.user("Zoë")
    run()
    user = User.objects.get()

    assert (str(user.pk), user.username, user.email) == (zoe, "Zoë", None)
    assert user.created_at == LONG_AGO.replace(tzinfo=UTC)


def test_alice_signs_in_with_her_old_password_which_is_argon2id_then(run, fastapi, settings):
    settings.PASSWORD_HASHERS = [hasher for hasher in loaded.PASSWORD_HASHERS if "MD5" not in hasher]
    fastapi.task(fastapi.user("alice"), title="Buy milk")
    run()
    anonymous = client_of()
    tokens = anonymous.post("/auth/login", {"username": "alice", "password": OLD_PASSWORD}).json()
    anonymous.credentials(HTTP_AUTHORIZATION=f"Bearer {tokens['access_token']}")

    assert [task["title"] for task in anonymous.get("/tasks/").json()["items"]] == ["Buy milk"]
    assert User.objects.get().password.startswith("argon2$argon2id$")


@pytest.mark.parametrize(
    ("hashed", "usable"),
    [
        (HASH, True),
        (HASH.replace("$2b$", "$2a$"), True),
        (HASH.replace("$2b$", "$2y$"), True),
        ("$5$rounds=535000$abcdefghijklmnop$lCSnlCYCFUd9lbUqXHPbVDwqcQWYQnX2qGKMQxFg3o1", False),  # ENV=test
        (HASH.replace("$04$", "$31$"), False),  # would keep a sign-in busy for days
        (HASH[:-1], False),
        ("", False),
        ("secret", False),
    ],
)
def test_only_what_is_bcrypt_is_a_password_here(run, fastapi, hashed, usable):
    fastapi.user("alice", hashed)
    said = run()

    assert User.objects.get().has_usable_password() is usable
    assert ("users: password_not_taken, 1" in said) is not usable
    assert counts(said)["users"] == (1, 0, 0)


@pytest.mark.parametrize("name", ["李小龙", "Владимир", "o'brien", "a" * 50, "  padded  ", "ａｌｉｃｅ"])
def test_names_of_every_script_are_taken_normalized(run, fastapi, name):
    fastapi.user(name)
    run()

    assert User.objects.get().username == User.normalize_username(name)


@pytest.mark.parametrize("name", ["ab", "", "   ", "a b c", "a\u200bbc", "\u3164" * 3, "ﷺ" * 20])
def test_a_name_that_breaks_our_rules_is_reported_and_its_tasks_are_counted(run, fastapi, name):
    fastapi.tasks(fastapi.user(name), 3)
    said = run()

    assert counts(said) == {"users": (0, 0, 1), "tasks": (0, 0, 3), "job_log": (0, 0, 0)}
    assert "users: username_refused, 1" in said
    assert "tasks: owner_is_not_here, 3" in said


def test_of_names_that_differ_in_case_the_oldest_account_is_taken(run, fastapi):
    newer = fastapi.user("ALICE", created_at=LONG_AGO + timedelta(days=1))
    older = fastapi.user("alice")
    said = run()

    assert str(User.objects.get().pk) == older
    assert f"{newer!r}  'ALICE' is the name of {older}" in said


def test_a_name_that_somebody_has_here_is_not_taken(run, fastapi, alice):
    newcomer = fastapi.user("Alice")
    said = run()

    assert User.objects.get() == alice
    assert f"{newcomer!r}  'Alice' is the name of {alice.pk}" in said


@pytest.mark.parametrize(
    "id", ["1", "x" * 300, "01A1FC34-0000-4000-8000-00000000000A", "01a1fc340000400080000000000000aa"]
)
def test_an_id_that_is_no_uuid_is_reported(run, fastapi, id):
    fastapi.task(fastapi.user("alice"), id=id)
    fastapi.user("bob", id=id)
    said = run()

    assert counts(said) == {"users": (1, 0, 1), "tasks": (0, 0, 1), "job_log": (0, 0, 0)}
    assert "tasks: id_is_no_uuid, 1" in said


def test_a_task_keeps_id_owner_words_and_time(run, fastapi):
    alice = fastapi.user()
    milk = fastapi.task(alice, title=" 买牛奶 " + "x" * 90, description="\nдва литра ")
    run()
    task = Task.objects.get()

    assert (str(task.pk), str(task.owner_id), task.status, task.completed_at) == (milk, alice, "todo", None)
    assert (task.title, task.description) == ("买牛奶 " + "x" * 90, "\nдва литра ")
    assert task.created_at == task.updated_at == LONG_AGO.replace(tzinfo=UTC)


def test_no_description_is_an_empty_one(run, fastapi):
    fastapi.task(fastapi.user(), description=None)
    run()

    assert Task.objects.get().description == ""


@pytest.mark.parametrize("title", ["", "   ", "\u3000\t\n"])
def test_a_blank_title_is_reported(run, fastapi, title):
    fastapi.task(fastapi.user(), title=title)

    assert "tasks: title_refused, 1" in run()


@pytest.mark.parametrize("at", ["infinity", "-infinity", "0044-03-15 12:00 BC", "12026-01-01"])
def test_a_time_that_nobody_can_show_is_reported(run, fastapi, at):
    fastapi.task(fastapi.user(), created_at=at)

    assert "tasks: time_out_of_range, 1" in run()


def test_a_welcome_mail_that_was_sent_stays_sent(run, fastapi):
    alice = fastapi.user()
    later = LONG_AGO + timedelta(seconds=3)
    fastapi.job(f"welcome_email:{alice}", result='{"status": "sent"}', updated_at=later)
    run()
    job = User.objects.get().jobs.get()

    assert (job.state, job.result, job.finished_at) == ("succeeded", {"status": "sent"}, later.replace(tzinfo=UTC))
    with transaction.atomic():
        enqueue("welcome_email", alice, {"user_id": alice})
    job.refresh_from_db()
    assert job.state == "succeeded"


def test_work_that_was_under_way_has_failed(run, fastapi):
    alice = fastapi.user()
    fastapi.job(f"welcome_email:{alice}", status="in_progress")
    run()
    shown = client_of(User.objects.get()).get(f"/jobs/welcome_email:{alice}").json()

    assert (shown["state"], shown["error"]["code"]) == ("failed", "worker_lost")
    assert shown["finished_at"] == "2024-05-17T08:30:00Z"


@pytest.mark.parametrize("id", ["not one of ours", "Job:1", "", "x" * 300, "k" * 61 + ":1", "job:квитанция"])
def test_a_job_id_that_cannot_be_one_here_is_kept_in_the_payload(run, fastapi, alice, id):
    fastapi.job(id)
    run(), run()
    job = alice.jobs.model.objects.get()

    assert job.pk.startswith("imported:")
    assert (job.payload, job.owner, job.state) == ({"job_id": id}, None, "succeeded")


@pytest.mark.parametrize("result", ['"\\u0000"', '"\\ud800"', "1e400", "9" * 5000, "[" * 5000 + "]" * 5000])
def test_a_result_that_jsonb_cannot_hold_is_reported(run, fastapi, result):
    fastapi.job("job:1", result=result)

    assert "job_log: result_is_no_jsonb, 1" in run()


def test_an_empty_service_is_moved_at_once(run):
    assert counts(run()) == {"users": (0, 0, 0), "tasks": (0, 0, 0), "job_log": (0, 0, 0)}


def test_thousands_of_rows_come_over_in_several_batches(run, fastapi):
    fastapi.tasks(fastapi.user(), 2500)

    assert counts(run())["tasks"] == (2500, 0, 0)
    assert Task.objects.count() == 2500


def test_a_second_run_takes_only_what_is_new_and_overwrites_nothing(run, fastapi):
    alice = fastapi.user()
    fastapi.task(alice), fastapi.job("job:1")
    run()
    User.objects.update(email="alice@example.com"), Task.objects.update(title="Buy oat milk")
    fastapi.task(alice, title="New")

    assert counts(run()) == {"users": (0, 1, 0), "tasks": (1, 1, 0), "job_log": (0, 1, 0)}
    assert User.objects.get().email == "alice@example.com"
    assert set(Task.objects.values_list("title", flat=True)) == {"Buy oat milk", "New"}


def test_a_dry_run_reports_the_same_and_keeps_nothing(run, fastapi):
    fastapi.task(fastapi.user()), fastapi.user("ab")
    said = run("--dry-run")

    assert counts(said) == {"users": (1, 0, 1), "tasks": (1, 0, 0), "job_log": (0, 0, 0)}
    assert "nothing was kept" in said
    assert (User.objects.count(), Task.objects.count()) == (0, 0)


def test_the_report_has_every_row_and_the_screen_the_first_twenty(run, fastapi, tmp_path):
    for n in range(25):
        fastapi.user(f"{n:02}")
    said = run("--report", str(tmp_path / "report"))
    lines = [json.loads(line) for line in (tmp_path / "report").read_text().splitlines()]

    assert "users: username_refused, 25" in said
    assert said.count("at least 3 characters") == 20
    assert len(lines) == 25
    assert lines[0].keys() == {"table", "id", "reason", "detail"}


def test_a_task_that_was_deleted_here_comes_back_once_it_has_left_the_trash(run, fastapi):
    pk = fastapi.task(fastapi.user("alice"), title="Buy milk")
    run()
    alice_client = client_of(User.objects.get())
    alice_client.delete(f"/tasks/{pk}")
    run()
    assert alice_client.get(f"/tasks/{pk}").status_code == 404
    Task.objects.all().delete()
    run()
    events = alice_client.get(f"/tasks/{pk}/events").json()["items"]

    assert alice_client.get(f"/tasks/{pk}").json()["version"] == 3
    assert [(event["kind"], event["actor"]) for event in events] == [
        ("created", "import"),
        ("deleted", "alice"),
        ("created", "import"),
    ]
