"""Every operation of the API, as the OpenAPI document lists them, asked by others than the owner."""

import json
from uuid import uuid4

import pytest
from django.urls import get_resolver

from accounts import personal
from accounts.client import Client
from accounts.models import PersonalToken, Scope, SecondFactor, Session, User
from accounts.sessions import begin
from accounts.tests.factories import UserFactory
from conftest import client_of, staff_client
from jobs.models import Job
from jobs.tests.factories import JobFactory
from taskhub.api.pages import document
from taskhub.owned import tables
from taskhub.tests.contract import operations, resolved
from taskhub.tests.test_openapi_answers import Call, ids_of
from tasks.models import Task
from tasks.tests.factories import TaskFactory

OPERATIONS = [(method.upper(), path) for path, methods in json.loads(document())["paths"].items() for method in methods]
PUBLIC = {
    *(
        "/",
        "/health",
        "/health/db",
        "/livez",
        "/readyz",
        "/problems",
        "/problems/{code}",
        "/openapi.json",
        "/csv-types",
    ),
    *("/auth/register", "/auth/login", "/auth/refresh", "/auth/logout"),
    *("/auth/login/second-factor", "/auth/password/reset", "/auth/password/reset/confirm", "/auth/email/verify"),
}
OPEN_ROUTES = {
    *("health", "health-db", "livez", "readyz", "root", "openapi", "docs", "redoc", "problems", "problem"),
    *("register", "login", "second-step", "refresh", "logout", "reset-password", "confirm-reset", "verify"),
    *("verify-page", "reset-page", "csv-types"),
}
OF_THE_CALLER = {
    "/auth/me",
    "/auth/me/events",
    "/auth/me/export",
    "/auth/email/verify/resend",
    "/auth/second-factor",
    "/auth/second-factor/confirm",
    "/auth/sessions",
    "/auth/tokens",
    "/auth/logout-all",
    "/auth/password",
    "/tasks",
    "/tasks/batch",
    "/lists",
    "/labels",
    "/filters",
    "/plans",
    "/jobs",
}  # no id: whoever asks is told of their own
PRIVATE = [operation for operation in OPERATIONS if operation[1] not in PUBLIC]


@pytest.fixture
def path_of(alice):
    """An address of something of alice's. A new parameter has to be told of here."""
    job = JobFactory(owner=alice, state="failed")
    known = {"/jobs/{job_id}": {"job_id": job.pk}}
    session, token = begin(alice, Client()), PersonalToken.objects.create(owner=alice, name="x", scopes=[], digest=b"x")
    known |= {"/auth/sessions/{id}": {"id": session.pk}, "/auth/tokens/{id}": {"id": token.pk}}
    known |= {f"/jobs/{{job_id}}/{verb}": {"job_id": job.pk} for verb in ("retry", "cancel")}
    return lambda path: path if path in OF_THE_CALLER else path.format(**(known.get(path) or ids_of(path, alice)))


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


def kept(owner):
    """Everything that belongs to a user."""
    rows = {name: list(table.rows(owner.pk).order_by("pk").values()) for name, table in tables.items()}
    return [User.objects.filter(pk=owner.pk).values().get(), rows]


def token_of(owner, scopes):
    raw = personal.new_token()
    PersonalToken.objects.create(owner=owner, name="y", scopes=scopes, digest=personal.digest_of(raw))
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {raw}")
    return client


def of_an_ended_session(owner):
    client = client_of(owner)
    Session.objects.all().delete()
    return client


def of_a_deactivated_user(owner):
    client = client_of(owner)
    User.objects.filter(pk=owner.pk).update(is_active=False)
    return client


CALLERS = {
    "nobody": lambda owner: client_of(),
    "who has signed out": of_an_ended_session,
    "who is deactivated": of_a_deactivated_user,
    "a token without scopes": lambda owner: token_of(owner, []),
    "a token with all scopes": lambda owner: token_of(owner, Scope.values),
    "bob": lambda owner: client_of(UserFactory(username="bob")),
    "staff": lambda owner: client_of(UserFactory(username="boss", is_staff=True, is_superuser=True)),
    "the admin's session of staff": lambda owner: staff_client(UserFactory(is_staff=True, is_superuser=True)),
}


def expected(who, path, name):
    if who.startswith(("nobody", "who ", "the admin's")):
        return 401
    if who.startswith("a token"):
        return 200 if name == "getMe" else 403 if who.endswith("without scopes") or path.startswith("/auth/") else None
    return None if path in OF_THE_CALLER else 404


@pytest.mark.parametrize("who", CALLERS)
@pytest.mark.parametrize(
    ("path", "method", "operation"),
    [pytest.param(*each, id=each[2]["operationId"]) for each in operations() if each[0] not in PUBLIC],
)
def test_nobody_else_gets_in_nor_changes_anything(alice, monkeypatch, who, path, method, operation):
    call = Call(path, method, operation, alice, monkeypatch)
    call.client = CALLERS[who](alice)
    status, before = expected(who, path, call.name), kept(alice)
    response = call.send()

    assert status in (None, response.status_code)
    if status != 200 and who != "a token with all scopes":  # which are let in, and may act for alice
        assert kept(alice) == before


@pytest.mark.django_db(transaction=True)
def test_a_new_task_of_bob_takes_no_id_of_alice(alice, bob_client):
    task = TaskFactory(owner=alice)
    before = kept(alice)

    assert bob_client.post("/tasks/", {"id": str(task.pk), "title": "Mine"}).status_code == 409
    assert kept(alice) == before


@pytest.mark.parametrize("operation", [{"op": "update", "changes": {"title": "Mine"}}, {"op": "delete"}])
def test_a_batch_of_bob_reaches_nothing_of_alice(alice, bob_client, operation):
    task = TaskFactory(owner=alice)
    before = kept(alice)
    answer = bob_client.post("/tasks/batch", {"operations": [{**operation, "id": str(task.pk)}]})

    assert answer.status_code in (400, 404)
    assert kept(alice) == before


@pytest.mark.parametrize(
    "route", [route for route in get_resolver().reverse_dict if isinstance(route, str) and route not in OPEN_ROUTES]
)
def test_a_route_that_is_not_listed_as_open_needs_a_token(anonymous_client, db, route):
    """Also one that the document leaves out."""
    pk = "welcome_email:1" if route.startswith("job-") else str(uuid4())
    ((template, names), *_) = get_resolver().reverse_dict.getlist(route)[0][0]
    path = "/" + template % dict.fromkeys(names, pk)

    statuses = {anonymous_client.generic(method, path).status_code for method in ("GET", "POST", "PATCH", "DELETE")}
    assert statuses <= {401, 405}
    assert 401 in statuses


# A condition (CONTRACT section 4)
OFFERED = {
    f"update{name}": {"version"}
    for name in ("Me", "Task", "List", "Label", "Filter", "Comment", "Plan", "PlanFile", "Ticket")
}
MODELS = (User, Task, Session, PersonalToken, SecondFactor, Job)
WRITES = [
    pytest.param(*each, id=each[2]["operationId"])
    for each in operations()
    if "application/json" in each[2].get("requestBody", {}).get("content", {}) and each[1] != "delete"
]


@pytest.mark.parametrize(("path", "method", "operation"), WRITES)
def test_no_field_of_a_row_is_set_that_the_document_does_not_offer(alice, monkeypatch, path, method, operation):
    """Of all models at once: each is named as an error."""
    call = Call(path, method, operation, alice, monkeypatch)
    schema = resolved(operation["requestBody"]["content"]["application/json"]["schema"])
    columns = {field.attname for model in MODELS for field in model._meta.concrete_fields}
    forbidden = columns - set(schema.get("properties", ())) - OFFERED.get(call.name, set())
    before = kept(alice)
    call.body |= dict.fromkeys(forbidden, 1)
    answer = call.send()
    named = {error["pointer"].removeprefix("/") for error in answer.json()["errors"]}

    assert (answer.status_code, named >= forbidden) == (400, True)
    assert kept(alice) == before
