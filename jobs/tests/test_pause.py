"""Pausing and resuming queues and kinds, on the command line and in the admin."""

import json

import pytest
from django.core.management import CommandError

from jobs import claims
from jobs.models import Job, Pause, State
from jobs.registry import get_kind
from jobs.tests.factories import JobFactory

URL = "/admin/jobs/pause/"


def claimed():
    return [job.pk for job in claims.claim_new({get_kind("welcome_email"): 5}, 1)]


@pytest.mark.parametrize("name", ["kind:welcome_email", "queue:mail"])
def test_a_paused_job_waits_until_somebody_resumes_it(jobs, woken, django_capture_on_commit_callbacks, name):
    job = JobFactory()
    assert jobs("pause", name, "--by", "boss") == f"{name}: paused\n"
    assert (claimed(), Job.objects.get().state) == ([], State.QUEUED)
    assert f"Paused: {name}." in jobs("stats")

    with django_capture_on_commit_callbacks(execute=True):
        assert jobs("resume", name) == f"{name}: resumed\n"
    assert "mail" in woken()
    assert claimed() == [job.pk]


def test_what_is_paused_already_stays_so_and_is_said(jobs):
    jobs("pause", "queue:bulk", "--by", "first")

    assert "was already" in jobs("pause", "queue:bulk", "--by", "second")
    assert json.loads(jobs("resume", "queue:bulk", "queue:mail", "--json")) == {"resumed": ["queue:bulk"]}
    assert not Pause.objects.exists()


@pytest.mark.parametrize("name", ["mail", "queue:post", "kind:unknown", ""])
def test_what_is_not_known_cannot_be_paused(jobs, name):
    with pytest.raises(CommandError, match="is no known queue:NAME or kind:NAME"):
        jobs("pause", name)


def test_staff_pause_and_resume_in_the_admin(boss_client):
    boss_client.post(f"{URL}add/", {"name": "queue:mail"})
    pause = Pause.objects.get()
    assert (pause.name, pause.by, pause.via) == ("queue:mail", "boss", "admin")
    JobFactory()
    assert claimed() == []
    assert "Paused: queue:mail." in boss_client.get("/admin/jobs/job/").content.decode()

    boss_client.post(f"{URL}queue_3Amail/delete/", {"post": "yes"})
    assert len(claimed()) == 1


def test_the_admin_offers_what_is_known(boss_client):
    page = boss_client.get(f"{URL}add/").content.decode()

    assert '<option value="queue:mail">' in page
    assert '<option value="kind:welcome_email">' in page
