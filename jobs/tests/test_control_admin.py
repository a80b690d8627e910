"""Retrying and cancelling in the admin, and how things stand above the list."""

from datetime import timedelta

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import LogEntry
from django.contrib.admin.utils import quote
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone

from conftest import staff_client
from jobs import admin, stats
from jobs.models import Event, Job, State
from jobs.tests.factories import JobFactory
from taskhub.admin import Site
from taskhub.tests.pages import act, statements

User = get_user_model()
URL = "/admin/jobs/job/"


def confirm(client, action, *jobs):
    rows = {"action": action, ACTION_CHECKBOX_NAME: [job.pk for job in jobs], "index": 0, "confirmed": "Yes"}
    return client.post(URL, rows, follow=True).content.decode()


def text_of(response):
    return response.content.decode()


@pytest.mark.parametrize(("action", "state"), [("retry", State.FAILED), ("cancel", State.QUEUED)])
def test_a_page_asks_first_and_nothing_has_happened(boss_client, action, state):
    job, other = JobFactory(state=state), JobFactory(state=State.SUCCEEDED)
    page = text_of(act(boss_client, URL, action, job, other))

    assert f'value="Yes, {action} 1 job"' in page
    assert page.count("Nothing. ") == 1
    assert (Job.objects.get(pk=job.pk).state, Event.objects.exists()) == (state, False)


def test_the_page_says_that_a_doubtful_effect_may_happen_again(boss_client):
    assert "You decide that it may happen again." in text_of(
        act(boss_client, URL, "retry", JobFactory(state=State.NEEDS_REVIEW))
    )


def test_when_nothing_is_possible_there_is_nothing_to_confirm(boss_client):
    assert 'name="confirmed"' not in text_of(act(boss_client, URL, "retry", JobFactory()))


@pytest.mark.parametrize(
    ("action", "state", "follows"), [("retry", State.FAILED, State.QUEUED), ("cancel", State.QUEUED, State.CANCELLED)]
)
def test_what_is_possible_is_done_and_counted_and_written_down(boss, boss_client, action, state, follows):
    job, other = JobFactory(state=state), JobFactory(state=State.SUCCEEDED)

    assert "1 of 2 jobs." in confirm(boss_client, action, job, other)
    assert Job.objects.get(pk=job.pk).state == follows
    assert Event.objects.values_list("job", "by", "user", "via").get() == (job.pk, "boss", boss.pk, "admin")
    assert LogEntry.objects.get().object_id == job.pk


def test_for_a_retried_job_a_worker_is_woken(transactional_db, boss_client, woken):
    job = JobFactory(state=State.FAILED)
    confirm(boss_client, "retry", job)

    assert woken() == ["mail"]


def test_a_single_job_is_shown_with_its_history(boss_client):
    page = confirm(boss_client, "cancel", JobFactory(state=State.RUNNING))

    assert "boss (admin)" in page
    assert "cancel_requested" in page


def test_a_confirmation_that_comes_twice_acts_once(boss_client):
    job = JobFactory(state=State.FAILED)
    confirm(boss_client, "retry", job)

    assert "Retried 0 of 1 jobs." in confirm(boss_client, "retry", job)
    assert Event.objects.count() == 1


def test_a_job_that_changed_since_and_fell_out_of_a_filtered_list_is_counted(boss_client):
    job, other = JobFactory(state=State.FAILED), JobFactory(state=State.SUCCEEDED)
    rows = {"action": "retry", ACTION_CHECKBOX_NAME: [job.pk, other.pk], "index": 0, "confirmed": "Yes"}

    assert "Retried 1 of 2 jobs." in text_of(boss_client.post(f"{URL}?state__exact=failed", rows, follow=True))


def test_a_job_whose_worker_is_committing_is_left_alone_and_said_so(held, monkeypatch):
    boss = User.objects.create_superuser("boss", password="correct horse battery")
    job = JobFactory(state=State.RUNNING)
    monkeypatch.setattr(Site, "statement_timeout", 500)
    monkeypatch.setattr(Site, "lock_timeout", Site.lock_timeout // 10)
    with held(job, patience="5s"):
        page = confirm(staff_client(boss), "cancel", job)

    assert "A worker holds one of these jobs right now. Nothing was done; try again." in page
    assert not Event.objects.exists()


@pytest.mark.parametrize(
    ("state", "offered"),
    [
        ("queued", {"cancel"}),
        ("running", {"cancel"}),
        ("failed", {"retry"}),
        ("needs_review", {"retry"}),
        ("cancelled", set()),
    ],
)
def test_the_page_of_a_job_offers_what_is_possible(boss_client, state, offered):
    page = text_of(boss_client.get(f"{URL}{quote(JobFactory(state=state).pk)}/change/"))

    assert {action for action in ("retry", "cancel") if f'name="action" value="{action}"' in page} == offered


def test_who_may_only_see_jobs_controls_none(db):
    watcher = User.objects.create(username="watcher", is_staff=True)
    watcher.user_permissions.set(Permission.objects.filter(codename="view_job"))
    job = JobFactory(state=State.FAILED)
    confirm(staff_client(watcher), "retry", job)

    assert 'value="retry"' not in text_of(staff_client(watcher).get(f"{URL}{quote(job.pk)}/change/"))
    assert (Job.objects.get().state, Event.objects.exists()) == (State.FAILED, False)


def test_who_may_change_jobs_controls_them(clerk_client):
    confirm(clerk_client, "retry", JobFactory(state=State.FAILED))

    assert Job.objects.get().state == State.QUEUED


def test_above_the_list_it_says_how_things_stand(boss_client):
    JobFactory(run_at=timezone.now() - timedelta(minutes=7), job_id="welcome_email:late")
    JobFactory(state=State.FAILED), JobFactory(state=State.SUCCEEDED)
    page = " ".join(text_of(boss_client.get(URL)).split())

    assert "welcome_email:late</a>, 7 minutes late." in page
    assert 'In the last hour 1 succeeded and <a href="?state__exact=failed">1 failed</a>.' in page


def test_a_worker_that_is_silent_beyond_its_lease_stands_out(boss_client):
    now = timezone.now()
    JobFactory(state=State.RUNNING, worker="host:1", started_at=now, lease_until=now - timedelta(hours=1))
    JobFactory(state=State.RUNNING, worker="host:2", started_at=now, lease_until=now + timedelta(hours=1))
    page = text_of(boss_client.get(URL))

    assert "host:1" in page
    assert "1 beyond the lease" in page


def test_many_finished_jobs_are_estimated(boss_client, monkeypatch):
    monkeypatch.setattr(admin, "COUNT_MILLISECONDS", 1)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO job_log (job_id, kind, payload, payload_sha, state, attempt, max_attempts, worker,"
            " error_code, error, finished_at) SELECT 'cron:' || n, 'cron', '{}', '', 'succeeded', 1, 1, '', '', '',"
            " now() - interval '1 day' FROM generate_series(1, 50000) AS n"
        )
        cursor.execute("ANALYZE job_log")

    assert "about 50,000" in text_of(boss_client.get(URL))


def test_what_stands_above_costs_the_same_for_one_and_for_thirty(boss_client):
    JobFactory(state=State.RUNNING)
    few = len(statements(boss_client, URL))
    JobFactory.create_batch(30, state=State.RUNNING)

    assert len(statements(boss_client, URL)) == few


def test_the_other_statements_of_the_page_keep_their_time_limit(boss_client):
    limits = [sql for sql in statements(boss_client, URL) if "set_config('statement_timeout'" in sql]

    whole, finished = str(stats.QUERY_MILLISECONDS), str(admin.COUNT_MILLISECONDS)
    assert [limit.split("'")[3] for limit in limits] == [
        *(whole, "5s", finished, "5s", finished, "5s"),
        *(whole, "5s", finished, "5s", whole, "5s"),
    ]
