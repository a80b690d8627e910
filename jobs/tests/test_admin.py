"""Jobs, for staff to look at."""

import re
from datetime import timedelta

import pytest
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone
from django_celery_results.models import TaskResult

from conftest import staff_client
from jobs.models import Attempt, Job, Outcome, State
from jobs.registry import kinds
from jobs.tests.factories import JobFactory
from taskhub.tests.pages import listed, plan_of_rows, statements

User = get_user_model()
URL = "/admin/jobs/job/"
RESULTS = "/admin/jobs/celeryerror/"


def page_of(job, name="change"):
    return f"{URL}{quote(job.pk)}/{name}/"


def found(client, **query):
    return listed(client.get(URL, query), "job_id")


def text_of(response):
    return response.content.decode()


def with_attempts(number, **fields):
    job = JobFactory(state=State.FAILED, attempt=number, **fields)
    for attempt in range(1, number + 1):
        ended = {"started_at": timezone.now(), "outcome": Outcome.ERROR, "error": "<b>refused</b>"}
        Attempt.objects.create(job=job, attempt=attempt, worker="worker-1", **ended)
    return job


def test_the_newest_come_first(boss_client):
    first, second = JobFactory.create_batch(2)

    assert found(boss_client) == [second.pk, first.pk]


def test_the_list_says_state_attempts_and_owner(boss_client, alice):
    JobFactory(state=State.NEEDS_REVIEW, owner=alice)
    page = text_of(boss_client.get(URL))

    assert re.search(r"<span [^>]*>Needs Review</span>", page)
    assert "1 of 5" in page
    assert f'<a href="/admin/accounts/user/{alice.pk}/change/">alice</a>' in page


def test_search_knows_the_beginning_of_an_id_and_an_owner(boss_client, alice):
    mail = JobFactory(job_id="welcome_email:a_b@c", owner=alice)
    JobFactory(job_id="other:axb")
    searches = ["welcome_email:", "welcome_email:a_b@c", str(alice.pk)]

    assert [found(boss_client, q=search) for search in searches] == [[mail.pk]] * 3
    assert [found(boss_client, q=search) for search in ("email", "other:a_b", "WELCOME")] == [[]] * 3


def test_filters_narrow_the_list(boss_client):
    mail = JobFactory(state=State.FAILED)
    JobFactory(state=State.FAILED, kind="cron")
    JobFactory()

    assert found(boss_client, state__exact="failed", kind="welcome_email") == [mail.pk]


def test_the_kinds_to_filter_by_come_from_the_registry(boss_client):
    JobFactory(kind="forgotten")
    page = text_of(boss_client.get(URL))

    assert {kind.name for kind in kinds()} == set(re.findall(r'href="\?kind=(\w+)"', page))
    assert {"cron", "welcome_email"} <= {kind.name for kind in kinds()}


@pytest.mark.parametrize("query", ["", "?state__exact=queued", "?q=welcome_email:"])
def test_the_list_costs_the_same_for_one_and_for_thirty(boss_client, alice, query):
    JobFactory(owner=alice)
    few = len(statements(boss_client, URL + query))
    for number in range(30):
        JobFactory(owner=User.objects.create(username=f"user{number}"))

    assert len(statements(boss_client, URL + query)) == few


def test_the_list_leaves_payloads_and_errors_where_they_are(boss_client):
    JobFactory()

    assert not [sql for sql in statements(boss_client, URL) if re.search('"(payload|result|error)"', sql)]


def test_a_job_costs_the_same_for_one_and_for_five_attempts(boss_client):
    one, five = with_attempts(1), with_attempts(5)

    assert len(statements(boss_client, page_of(one))) == len(statements(boss_client, page_of(five)))


@pytest.fixture
def many_jobs(db):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO job_log (job_id, kind, payload, payload_sha, state, attempt, max_attempts, worker,"
            " error_code, error, created_at) SELECT 'welcome_email:' || md5(n::text), 'welcome_email', '{}', '',"
            " 'queued', 0, 5, '', '', '', now() - n * interval '1 second' FROM generate_series(1, 20000) AS n"
        )
        cursor.execute("ANALYZE job_log")


def test_the_list_reads_its_index(boss_client, many_jobs):
    plan = plan_of_rows(boss_client, URL, "job_log")

    assert "job_log_newest_idx" in plan
    assert re.search("the newest 10,000 of about [0-9,]+ jobs", text_of(boss_client.get(URL)))


def test_a_search_reads_the_index_of_ids(boss_client, many_jobs):
    plan = plan_of_rows(boss_client, f"{URL}?q=welcome_email:c4ca", "job_log")

    assert "Seq Scan on job_log" not in plan
    assert re.search("job_log_(pkey|job_id_.*_like)", plan)


def test_a_job_shows_its_data_and_each_attempt(boss_client):
    job = with_attempts(2, payload={"name": "<i>é"}, error="line 1\n<b>line 2", result={"sent": [1, 2]})
    page = text_of(boss_client.get(page_of(job)))

    assert "{\n  &quot;name&quot;: &quot;&lt;i&gt;é&quot;\n}" in page
    assert "line 1\n&lt;b&gt;line 2" in page
    assert page.count("&lt;b&gt;refused&lt;/b&gt;") == 2


@pytest.mark.parametrize("job_id", ["welcome_email:a@b+c", "x:" + "y" * 198, "a:b_5F:c", "a:b.c:d-e"])
def test_any_id_has_a_page(boss_client, job_id):
    assert job_id in text_of(boss_client.get(page_of(JobFactory(job_id=job_id))))


def test_who_may_see_jobs_sees_their_attempts(db):
    watcher = User.objects.create(username="watcher", is_staff=True)
    watcher.user_permissions.set(Permission.objects.filter(codename="view_job"))

    assert "worker-1" in text_of(staff_client(watcher).get(page_of(with_attempts(1))))


def test_nobody_makes_changes_or_deletes_a_job(boss_client):
    job = with_attempts(1)
    answers = [boss_client.post(path, {"kind": "mine", "post": "yes"}).status_code for path in (
        f"{URL}add/", page_of(job), page_of(job, "delete"))]  # fmt: skip
    boss_client.post(URL, {"action": "delete_selected", "_selected_action": [job.pk], "post": "yes"})

    assert answers == [403, 403, 403]
    assert Job.objects.get(pk=job.pk).kind == "welcome_email"
    assert job.attempts.count() == 1


def test_staff_who_may_not_see_jobs_is_refused(db):
    assert staff_client(User.objects.create(username="watcher", is_staff=True)).get(URL).status_code == 403


def test_what_celery_kept_is_there_to_read(boss_client):
    result = TaskResult.objects.create(task_id="abc", task_name="jobs.sweep", status="FAILURE", traceback="<Oh>\nno")
    page = f"{RESULTS}{result.pk}/change/"

    assert listed(boss_client.get(RESULTS, {"q": "ab"}), "task_id") == ["abc"]
    assert "&lt;Oh&gt;\nno" in text_of(boss_client.get(page))
    assert boss_client.post(page, {"status": "SUCCESS"}).status_code == 403


def test_search_knows_the_owner_by_name(boss_client, alice):
    job = JobFactory(owner=alice)
    JobFactory()

    assert found(boss_client, q="@ALICE") == [job.job_id]
    assert found(boss_client, q="@nobody") == []


def test_the_summary_tells_what_waits_for_another_attempt(boss_client):
    JobFactory(state="queued", attempt=2, error_code="error", run_at=timezone.now() + timedelta(hours=1))
    page = boss_client.get(URL).content.decode()

    assert '<strong style="color: #9a6700">1 wait for another attempt after an error</strong>' in page
