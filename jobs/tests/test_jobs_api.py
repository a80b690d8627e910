from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from jobs.models import Job, State
from jobs.serializers import ERROR_CODES
from jobs.tests.factories import JobFactory

URL = "/jobs/"
FIELDS = [
    "job_id",
    "kind",
    "state",
    "attempt",
    "max_attempts",
    "created_at",
    "run_at",
    "started_at",
    "finished_at",
    "cancel_requested_at",
    "progress",
    "result",
    "error",
]


def ids(response):
    assert response.status_code == 200, response.content
    return [item["job_id"] for item in response.json()["items"]]


def test_the_caller_sees_the_own_jobs_newest_first(alice, bob, alice_client):
    first, second = JobFactory.create_batch(2, owner=alice)
    JobFactory(owner=bob)
    JobFactory()

    assert ids(alice_client.get(URL)) == [second.pk, first.pk]
    assert list(alice_client.get(URL).json()["items"][0]) == FIELDS


def test_pages_follow_a_cursor(alice, alice_client):
    jobs = [job.pk for job in JobFactory.create_batch(5, owner=alice, created_at=timezone.now())]
    seen, cursor = [], {}
    while cursor is not None:
        page = alice_client.get(URL, {"limit": 2, **cursor})
        seen += ids(page)
        following = page.json()["meta"]["next_cursor"]
        cursor = {"cursor": following} if following else None

    assert seen == sorted(jobs, reverse=True)


def test_the_list_filters_by_kind_and_state(alice, alice_client):
    mail = JobFactory(owner=alice, state=State.FAILED)
    JobFactory(owner=alice)
    JobFactory(owner=alice, kind="other", state=State.FAILED)

    assert ids(alice_client.get(URL, {"kind": "welcome_email", "state": "failed"})) == [mail.pk]


def test_a_cursor_is_good_for_its_filters_alone(alice, alice_client):
    JobFactory.create_batch(2, owner=alice)
    cursor = alice_client.get(URL, {"limit": 1}).json()["meta"]["next_cursor"]

    assert alice_client.get(URL, {"cursor": cursor, "state": "queued"}).status_code == 400


@pytest.mark.parametrize(
    ("name", "value"), [("state", "dead"), ("kind", "A b"), ("kind", ""), ("skip", "1"), ("order", "x")]
)
def test_a_parameter_that_cannot_be_is_refused(alice_client, name, value):
    response = alice_client.get(URL, {name: value})

    assert (response.status_code, response.json()["errors"][0]["parameter"]) == (400, name)


def test_it_needs_a_token(anonymous_client):
    assert anonymous_client.get(URL).status_code == anonymous_client.get(f"{URL}welcome_email:1").status_code == 401


def test_one_job_is_found_by_its_id(alice, alice_client):
    job = JobFactory(owner=alice, job_id="cron:x:2026-11-21T03:00:00Z")

    assert alice_client.get(f"{URL}{job.pk}").json() == alice_client.get(URL).json()["items"][0]


@pytest.mark.parametrize("path", ["welcome_email:none", "nonsense", "a:%00", "Ä:1"])
def test_an_unknown_or_malformed_id_is_not_found(alice_client, path):
    assert alice_client.get(URL + path).status_code == 404


def test_another_users_job_is_not_found(bob_client, alice):
    assert bob_client.get(f"{URL}{JobFactory(owner=alice).pk}").status_code == 404


@pytest.mark.parametrize("path", [URL, f"{URL}welcome_email:1"])
def test_it_is_one_statement_that_looks_the_user_up(alice, alice_client, django_assert_num_queries, path):
    JobFactory(owner=alice, job_id="welcome_email:1")
    with django_assert_num_queries(1):
        assert alice_client.get(path).status_code == 200


@pytest.mark.parametrize("code", ERROR_CODES)
def test_an_error_is_told_without_internals(alice, alice_client, code):
    job = JobFactory(owner=alice, state=State.FAILED, error_code=code, error="ConnectionError: smtp://secret@host")
    error = alice_client.get(f"{URL}{job.pk}").json()["error"]

    assert error["code"] == code
    assert "secret" not in str(error)


def test_an_unchanged_job_is_not_sent_again(alice, alice_client):
    job = JobFactory(owner=alice)
    etag = alice_client.get(f"{URL}{job.pk}")["ETag"]
    same = alice_client.get(f"{URL}{job.pk}", headers={"If-None-Match": etag})
    Job.objects.update(attempt=1)
    changed = alice_client.get(f"{URL}{job.pk}", headers={"If-None-Match": etag})

    assert (same.status_code, same.content, same["ETag"]) == (304, b"", etag)
    assert changed.status_code == 200
    assert changed["ETag"] != etag


@pytest.mark.parametrize(("wait", "seconds"), [(-60, 1), (10, 10), (3600, 60)])
def test_an_unfinished_job_says_when_to_look_again(alice, alice_client, wait, seconds):
    job = JobFactory(owner=alice, run_at=timezone.now() + timedelta(seconds=wait))

    assert alice_client.get(f"{URL}{job.pk}")["Retry-After"] == str(seconds)


def test_a_finished_job_does_not(alice, alice_client):
    assert "Retry-After" not in alice_client.get(f"{URL}{JobFactory(owner=alice, state=State.SUCCEEDED).pk}")


@pytest.mark.parametrize(
    ("filters", "index"),
    [
        ({}, "job_log_owner_idx"),
        ({"kind": "welcome_email"}, "job_log_owner_kind_idx"),
        ({"state": "failed"}, "job_log_owner_state_idx"),
        ({"kind": "other", "state": "failed"}, "job_log_owner_"),
    ],
)
def test_every_filter_has_its_index_at_scale(alice, filters, index):
    JobFactory.create_batch(2, owner=alice, state=State.FAILED)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO job_log (job_id, kind, owner_id, payload, payload_sha, state, attempt, max_attempts,"
            " worker, error_code, error, created_at)"
            " SELECT 'bulk:' || n, 'bulk', %s, '{}', '', 'queued', 0, 5, '', '', '',"
            " now() - n * interval '1 second' FROM generate_series(1, 20000) AS n",
            [alice.pk],
        )
        cursor.execute("ANALYZE job_log")
    plan = Job.objects.filter(owner=alice.pk, **filters).order_by("-created_at", "-job_id")[:21].explain()

    assert index in plan
    assert "Seq Scan" not in plan
