"""What all pages for staff have in common."""

import re

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.paginator import Page
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import UserFactory
from jobs import stats
from jobs.tests.factories import JobFactory
from taskhub import admin as staff
from taskhub.admin import EstimatingPaginator, pretty_json, pretty_text
from taskhub.postgresql import estimates
from taskhub.postgresql.estimates import About
from taskhub.tests.pages import plan_of_rows, statements
from tasks.tests.factories import TaskFactory

LISTS = ["/admin/accounts/user/", "/admin/tasks/task/", "/admin/jobs/job/", "/admin/jobs/celeryerror/"]


def estimated(monkeypatch, rows):
    monkeypatch.setattr(estimates, "planned_rows", lambda queryset: rows)
    return EstimatingPaginator(User.objects.order_by("-id"), 100)


def test_the_planner_knows_about_how_many_rows_there_are(db):
    UserFactory.create_batch(500)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users")

    assert estimates.planned_rows(User.objects.all()) == 500
    assert estimates.planned_rows(User.objects.filter(username="user7")) == 1
    assert estimates.planned_rows(User.objects.none()) == 0


def test_few_rows_are_counted(db, monkeypatch):
    UserFactory.create_batch(3)
    paginator = estimated(monkeypatch, 9_000)

    assert (str(paginator.count), paginator.num_pages) == ("3", 1)


def test_many_rows_are_estimated_and_the_pages_end(db, monkeypatch):
    paginator = estimated(monkeypatch, 1_000_000)

    assert str(paginator.count) == "the newest 10,000 of about 1,000,000"
    assert paginator.num_pages == 100


def test_more_rows_than_the_planner_believes_are_not_all_counted(db, monkeypatch):
    monkeypatch.setattr(estimates, "DEEPEST", 100)
    UserFactory.create_batch(103)
    paginator = estimated(monkeypatch, 1)

    assert isinstance(paginator.count, About)
    assert str(paginator.count) == "the newest 100 of more than 100"
    assert paginator.num_pages == 1


def test_fewer_rows_than_the_planner_believes_leave_an_empty_page(db, monkeypatch):
    UserFactory.create_batch(3)
    page = estimated(monkeypatch, 1_000_000).page(50)

    assert isinstance(page, Page)
    assert list(page) == []


@pytest.mark.parametrize("path", LISTS)
def test_a_large_table_is_not_counted(boss_client, monkeypatch, path):
    monkeypatch.setattr(estimates, "planned_rows", lambda rows: 1_000_000)

    assert not [sql for sql in statements(boss_client, path) if "COUNT(*)" in sql]


@pytest.mark.parametrize("page", ["2", "99999999999", "0", "-1", "", "x", "1.5", "\x00"])
@pytest.mark.parametrize("path", LISTS)
def test_a_page_that_does_not_exist_is_another_page(boss_client, path, page):
    assert boss_client.get(path, {"p": page}).status_code == 200


@pytest.mark.parametrize(
    "term", ["", "   ", "\x00", "%", "_", "'", '"', "\\", "@", "@@", "a" * 5000, "名前", "é:x", "\ud800"]
)
@pytest.mark.parametrize("path", LISTS)
def test_any_search_finds_something_or_nothing(boss_client, path, term):
    assert boss_client.get(path, {"q": term.encode("utf-8", "surrogatepass")}).status_code == 200


@pytest.mark.parametrize(
    "query", ["status=x", "nope=1", "owner__id__exact=x", "created_at__gte=x", "o=99.x", "all=", "e=1"]
)
def test_a_filter_that_does_not_exist_is_no_error_of_ours(boss_client, query):
    TaskFactory()

    assert boss_client.get(f"/admin/tasks/task/?{query}", follow=True).status_code < 500


@pytest.mark.parametrize("query", ["created_at__year=99999999", "created_at__year=0", "created_at__day=" + "9" * 20])
@pytest.mark.parametrize("path", LISTS[:3])
def test_a_date_that_cannot_be_is_a_filter_that_does_not_exist(boss_client, path, query):
    response = boss_client.get(f"{path}?{query}")

    assert (response.status_code, response.get("Location")) == (302, f"{path}?e=1")


def sleeping(rows):
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(60)")


def test_a_statement_that_takes_too_long_is_ended_and_explained(boss_client, monkeypatch):
    monkeypatch.setattr(staff.Site, "statement_timeout", 50)
    monkeypatch.setattr(estimates, "planned_rows", sleeping)
    response = boss_client.get("/admin/tasks/task/")

    assert response.status_code == 503
    assert "Ask for less" in response.content.decode()


@pytest.mark.django_db(transaction=True)
def test_the_limit_of_time_ends_with_the_page(boss_client):
    boss_client.get("/admin/tasks/task/")
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        assert cursor.fetchone() == ("0",)


def test_a_change_that_collides_is_explained(boss_client, alice, monkeypatch):
    def collide(self, *args, **kwargs):
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO users SELECT * FROM users LIMIT 1")

    monkeypatch.setattr(User, "change", collide)
    url = f"/admin/accounts/user/{alice.pk}/change/"
    response = boss_client.post(url, {"username": "alice2"})

    assert response.status_code == 409
    assert "reload the page" in response.content.decode()


@pytest.mark.parametrize("path", ["/admin/nowhere", "/admin/tasks/nowhere/", "/admin/tasks/task/add/x/y"])
def test_what_is_not_there_is_a_page_for_people(boss_client, path):
    response = boss_client.get(path)

    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert response["X-Request-ID"] in response.content.decode()


def test_what_is_forbidden_is_a_page_for_people(clerk_client):
    response = clerk_client.get("/admin/jobs/job/add/")

    assert (response.status_code, response["Content-Type"]) == (403, "text/html; charset=utf-8")


@pytest.mark.parametrize("accept", ["*/*", "application/json", "text/html;q=0.5, application/problem+json"])
def test_a_program_gets_a_problem_also_there(boss_client, accept):
    response = boss_client.get("/admin/nowhere", headers={"Accept": accept})

    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_the_start_page_lists_what_staff_works_with(boss_client):
    apps = boss_client.get("/admin/").context["app_list"]

    assert {model["object_name"] for app in apps for model in app["models"]} == {
        "Group", "Job", "Pause", "Task", "CeleryError", "User", "SecurityEvent",
        "TaskList", "Label", "SavedFilter", "Comment", "Plan", "SourceFile", "Ticket", "Finding",
    }  # fmt: skip


def test_tokens_are_nobodys_to_edit():
    names = {model.__name__ for model in admin.site._registry}

    assert not names & {"OutstandingToken", "BlacklistedToken", "GroupResult", "Session"}


def test_json_is_indented_and_escaped():
    assert "&lt;b&gt;é" in pretty_json({"html": "<b>é"})
    assert "\n  &quot;a&quot;: 1" in pretty_json({"a": 1})
    assert [pretty_json(None), pretty_text("")] == ["-", "-"]


def test_times_have_seconds_and_say_their_zone(boss_client, alice):
    assert f"{alice.created_at:%Y-%m-%d %H:%M:%S} UTC" in boss_client.get("/admin/accounts/user/").content.decode()


@pytest.mark.parametrize(
    ("path", "column", "table", "index"),
    [
        ("accounts/user", 1, "users", "users_username_lower_key"),
        ("accounts/user", 6, "users", "users_pkey"),
        ("tasks/task", 4, "tasks", "tasks_pkey"),
        ("jobs/job", 6, "job_log", "job_log_newest_idx"),
        ("jobs/celeryerror", 4, "django_celery_results_taskresult", "date_d"),
    ],
)
@pytest.mark.parametrize("direction", ["", "-"])
def test_a_column_that_can_be_sorted_by_is_read_in_order(boss_client, path, column, table, index, direction):
    with connection.cursor() as cursor:  # a table of this size would be sorted, if it could be
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
    plan = plan_of_rows(boss_client, f"/admin/{path}/?o={direction}{column}", table)

    assert index in plan
    assert not re.search(r"^(\s*->)?\s*Sort$", plan, re.MULTILINE)


def test_other_columns_offer_no_sorting(boss_client):
    JobFactory()
    page = boss_client.get("/admin/jobs/job/").content.decode()

    assert re.findall(r'class="sortable column-(\w+)', page) == ["age"]


def test_the_start_page_tells_what_there_is(boss_client, alice):
    TaskFactory.create_batch(3, owner=alice)
    JobFactory(state="failed", attempt=3, max_attempts=3, finished_at=timezone.now())
    panels = {panel.title: panel for panel in boss_client.get("/admin/").context["panels"]}

    assert {title: panel.number for title, panel in panels.items()} == {
        "Users": "2", "Tasks": "3", "Plans": "0", "Jobs": "0 unfinished", "Late jobs": "0", "Last 24 hours": "1 failed"
    }  # fmt: skip
    assert panels["Last 24 hours"].notes == ["retries: 2", "succeeded: 0", "0 wait for another attempt"]
    assert panels["Tasks"].notes == ["3 new in 14 days"]
    assert all(panel.chart.startswith("<svg") for panel in panels.values())


def test_what_takes_too_long_to_count_is_estimated_or_unknown(boss_client, monkeypatch):
    monkeypatch.setattr(estimates, "within", lambda milliseconds, rows: None)
    monkeypatch.setattr(stats, "within", lambda milliseconds, rows: None)
    numbers = {panel.title: panel.number for panel in boss_client.get("/admin/").context["panels"]}

    assert (numbers["Late jobs"], numbers["Last 24 hours"]) == ("unknown", "unknown")


@pytest.mark.parametrize(("group", "titles"), [
    ("support", ["Jobs", "Late jobs", "Last 24 hours", "Users", "Tasks", "Plans"]),
    ("operator", ["Jobs", "Late jobs", "Last 24 hours", "Users"]),
    (None, []),
])  # fmt: skip
def test_staff_sees_what_their_group_may_see(client, db, group, titles):
    staff = UserFactory(is_staff=True)
    staff.groups.set(Group.objects.filter(name=group))
    client.force_login(staff)
    page = client.get("/admin/")

    assert [panel.title for panel in page.context["panels"]] == titles
    assert ("Ask a superuser to put you in a group" in page.content.decode()) == (group is None)


def test_the_sign_in_says_that_case_matters_in_the_password_only(client, db):
    page = client.post("/admin/login/", {"username": "nobody", "password": "wrong"}).content.decode()

    assert "Case matters in the password only." in page
