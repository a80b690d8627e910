"""The documents name each file of the project that runs for a request, and for a job."""

import io
import re
import sys

import pytest
from django.db import transaction
from django.test import RequestFactory

from accounts.tests.factories import access_token
from devstack.service import ROOT
from jobs import worker
from jobs.models import Job
from jobs.services import enqueue
from taskhub.wsgi import application


def post_task(token):
    """As the server hands it over: through WSGI."""
    headers = {"Authorization": f"Bearer {token}"}
    request = RequestFactory(headers=headers).post("/tasks/", '{"title": "Milk"}', content_type="application/json")
    statuses = []
    environ = {**request.environ, "wsgi.input": io.BytesIO(b'{"title": "Milk"}')}
    list(application(environ, lambda status, headers, *_: statuses.append(status)))
    assert statuses == ["201 Created"]


def files_run_by(call):
    seen = set()
    sys.setprofile(lambda frame, event, argument: seen.add(frame.f_code.co_filename))
    try:
        call()
    finally:
        sys.setprofile(None)
    ours = {file.removeprefix(f"{ROOT}/") for file in seen if file.startswith(f"{ROOT}/")}
    return {file for file in ours if not file.startswith((".venv/", "tests/"))}


@pytest.mark.django_db(transaction=True)
def test_the_files_that_run_for_a_new_task_are_named(alice):
    token = access_token(alice)
    post_task(token)  # what is imported or made only once is not a part of it
    told = re.search(r"All files that run for it: (.*?)\.\n", (ROOT / "docs/ARCHITECTURE.md").read_text(), re.DOTALL)

    assert files_run_by(lambda: post_task(token)) == set(re.findall(r"`([^`]+)`", told.group(1)))


def register_and_carry_out(user, key):
    with transaction.atomic():
        enqueue("welcome_email", key, {"user_id": str(user.pk)})
    worker.work("mail")
    assert Job.objects.get(pk=f"welcome_email:{key}").state == "succeeded"


@pytest.mark.django_db(transaction=True)
def test_the_files_that_run_for_a_job_are_named(alice):
    register_and_carry_out(alice, "first")
    told = re.search(r"Seven files run from (.*?);", (ROOT / "docs/jobs.md").read_text(), re.DOTALL)
    run = {file for file in files_run_by(lambda: register_and_carry_out(alice, "second")) if file.startswith("jobs/")}

    assert run - {"jobs/failpoints.py"} == set(re.findall(r"`(jobs/[^`]+)`", told.group(1)))
