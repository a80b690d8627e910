"""Every operation of the API, as the OpenAPI document lists them, asked by others than the owner."""

import json

import pytest

from accounts.client import Client
from accounts.models import PersonalToken
from accounts.sessions import begin
from jobs.tests.factories import JobFactory
from taskhub.api.pages import document
from tasks.tests.factories import TaskFactory

OPERATIONS = [(method.upper(), path) for path, methods in json.loads(document())["paths"].items() for method in methods]
PUBLIC = {
    *("/", "/health", "/health/db", "/livez", "/readyz", "/problems", "/problems/{code}", "/openapi.json"),
    *("/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"),
}
OF_THE_CALLER = {
    "/auth/me",
    "/auth/me/events",
    "/auth/sessions",
    "/auth/tokens",
    "/auth/logout-all",
    "/auth/password",
    "/tasks",
    "/tasks/batch",
    "/jobs",
}  # no id: whoever asks is told of their own
PRIVATE = [operation for operation in OPERATIONS if operation[1] not in PUBLIC]


@pytest.fixture
def path_of(alice):
    """An address of something of alice's. A new parameter has to be told of here."""
    task, job = TaskFactory(owner=alice), JobFactory(owner=alice, state="failed")
    known = {"/tasks/{id}": {"id": task.pk}, "/jobs/{job_id}": {"job_id": job.pk}}
    known |= {"/tasks/{id}/events": {"id": task.pk}}
    session, token = begin(alice, Client()), PersonalToken.objects.create(owner=alice, name="x", scopes=[], digest=b"x")
    known |= {"/auth/sessions/{id}": {"id": session.pk}, "/auth/tokens/{id}": {"id": token.pk}}
    known |= {f"/jobs/{{job_id}}/{verb}": {"job_id": job.pk} for verb in ("retry", "cancel")}
    return lambda path: path if path in OF_THE_CALLER else path.format(**known[path])


@pytest.mark.parametrize(("method", "path"), PRIVATE)
def test_without_a_token_it_is_refused(anonymous_client, path_of, method, path):
    assert anonymous_client.generic(method, path_of(path)).status_code == 401


@pytest.mark.parametrize(("method", "path"), [operation for operation in PRIVATE if operation[1] not in OF_THE_CALLER])
def test_what_belongs_to_alice_is_not_there_for_bob(bob_client, path_of, method, path):
    response = bob_client.generic(method, path_of(path), b"{}", content_type="application/json")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["/tasks/", "/jobs/"])
def test_a_list_of_bob_holds_nothing_of_alice(bob_client, path_of, path):
    assert bob_client.get(path).json()["items"] == []
