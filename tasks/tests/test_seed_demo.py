"""`manage.py seed_demo`: users and tasks to try things at size."""

import io
from datetime import datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, F
from django.utils import timezone

from accounts.demo import PASSWORD
from accounts.models import User
from accounts.tests.factories import UserFactory
from tasks import demo
from tasks.models import Task
from tasks.tests.factories import TaskFactory


@pytest.fixture
def seed(db, capsys):
    """Runs `manage.py seed_demo ...` and returns what it prints."""

    def run(*arguments):
        call_command("seed_demo", *arguments)
        return capsys.readouterr().out

    return run


def test_it_adds_as_many_as_asked_and_says_so(seed):
    assert "Added 3 users (0 were here) and 50 tasks" in seed("--users", "3", "--tasks", "50")
    assert (User.objects.count(), Task.objects.count()) == (3, 50)


def test_one_can_sign_in_as_any_of_them(seed, anonymous_client):
    assert PASSWORD in seed("--users", "2", "--tasks", "1")
    response = anonymous_client.post("/auth/login", {"username": "demo_000002", "password": PASSWORD})

    assert response.status_code == 200


def test_run_again_it_adds_tasks_to_the_same_users(seed):
    seed("--users", "2", "--tasks", "20")
    said = seed("--users", "3", "--tasks", "30")

    assert "Added 1 users (2 were here) and 30 tasks" in said
    assert (User.objects.count(), Task.objects.count()) == (3, 50)


def test_the_time_in_an_id_is_when_the_task_was_created(seed):
    seed("--tasks", "500")
    tasks = Task.objects.order_by("id").values_list("id", "created_at")

    assert {task_id.version for task_id, _ in tasks} == {7}
    assert all(datetime.fromtimestamp((task_id.int >> 80) / 1000, at.tzinfo) == at for task_id, at in tasks)


def test_the_tasks_are_spread_over_the_past_year(seed):
    seed("--tasks", "1000")
    now = timezone.now()
    days = {(now - at).days for at in Task.objects.values_list("created_at", flat=True)}

    assert min(days) == 0
    assert max(days) in (364, 365)
    assert len(days) > 300


def test_nothing_happens_in_the_future_or_before_its_task(seed):
    seed("--tasks", "1000")

    assert set(Task.objects.values_list("status", flat=True)) == {"todo", "in_progress", "done", "cancelled"}
    assert not Task.objects.filter(updated_at__gt=timezone.now() + timedelta(seconds=1)).exists()
    assert not Task.objects.filter(updated_at__lt=F("created_at")).exists()
    assert not Task.objects.filter(completed_at__lt=F("created_at")).exists()


def test_a_fifth_belongs_to_the_first_user_which_is_the_largest_share(seed):
    seed("--users", "50", "--tasks", "2000")
    shares = Task.objects.values("owner__username").annotate(tasks=Count("pk")).order_by("-tasks")

    assert shares[0]["owner__username"] == "demo_000001"
    assert 300 < shares[0]["tasks"] < 500


def test_the_titles_are_of_many_scripts(seed):
    seed("--tasks", "1000")
    titles = set(Task.objects.values_list("title", flat=True))

    assert len(titles) > 50
    assert {"购买牛奶", "Купить: молоко", "شراء الحليب"} <= titles


def test_a_real_user_of_that_name_is_left_alone_and_named(seed):
    UserFactory(username="Demo_000002")
    with pytest.raises(CommandError, match=r"demo_000002.*Nothing was added"):
        seed("--users", "3")

    assert (User.objects.count(), Task.objects.count()) == (1, 0)


def test_production_is_refused(seed, settings):
    settings.PRODUCTION = True
    with pytest.raises(CommandError, match="none in production"):
        seed()

    assert not User.objects.exists()


@pytest.mark.parametrize("number", ["0", "-1", "", "many", "1.5", "1e3", "٣", "1000000000", "9" * 5000])
@pytest.mark.parametrize("option", ["--users", "--tasks"])
def test_what_is_no_sensible_number_is_refused_in_a_sentence(seed, option, number):
    with pytest.raises(CommandError, match="must be a whole number from 1 to"):
        seed(f"{option}={number}")


def test_stopped_halfway_it_leaves_nothing_behind(seed, monkeypatch):
    titles = iter(["Buy milk"] * 50)

    def interrupted():
        for title in titles:
            return title
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "title", interrupted)
    with pytest.raises(CommandError, match="Nothing was changed") as stopped:
        seed("--tasks", "100")

    assert stopped.value.returncode == 130
    assert (User.objects.count(), Task.objects.count()) == (0, 0)


def test_the_planner_knows_the_new_size(seed):
    seed("--tasks", "3000")
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE relname = 'tasks'")
        assert cursor.fetchone()[0] == 3000


def test_remove_takes_the_demo_users_and_nobody_else(seed, alice):
    seed("--users", "3", "--tasks", "30")
    TaskFactory(owner=alice), TaskFactory(owner=UserFactory(username="demo_000099"))

    assert seed("--remove") == "Removed 3 demo users and 30 tasks.\n"
    assert set(User.objects.values_list("username", flat=True)) == {"alice", "demo_000099"}
    assert Task.objects.count() == 2


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(("stdout", "bars"), [(Terminal, 3), (io.StringIO, 0)])
def test_a_terminal_shows_a_bar_and_a_file_does_not(db, stdout, bars):
    output = stdout()
    call_command("seed_demo", "--tasks", "20001", stdout=output)

    assert output.getvalue().count("\r[") == bars
