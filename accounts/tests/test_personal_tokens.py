"""Personal access tokens, for scripts and agents."""

from datetime import timedelta

import pytest
from django.urls import get_resolver
from django.utils import timezone

from accounts import personal
from accounts.models import PersonalToken, Scope, Session, User
from conftest import client_of
from taskhub.api.views import BaseView

URL = "/auth/tokens"


def token_of(client, *scopes, **fields):
    return client.post(URL, {"name": "script", "scopes": scopes or ["tasks:read"], **fields}).json()


def client_with(token):
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client


def test_it_is_shown_once_and_kept_as_a_hash(alice_client):
    made = token_of(alice_client)
    random, check = made["token"][5:-6], made["token"][-6:]

    assert (made["token"][:5], personal.checksum(random)) == ("thub_", check)
    assert "token" not in alice_client.get(URL).json()["items"][0]
    assert made["token"] not in str(PersonalToken.objects.values().get())


def test_it_may_do_what_its_scopes_say(alice_client):
    client = client_with(token_of(alice_client, "tasks:read", "tasks:write")["token"])

    assert client.post("/tasks/", {"title": "Milk"}).status_code == 201
    assert client.get("/tasks/").json()["items"][0]["title"] == "Milk"
    assert client.get("/auth/me").json()["username"] == "alice"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("post", "/tasks/"),
        ("get", "/jobs/"),
        ("get", "/auth/sessions"),
        ("get", URL),
        ("post", URL),
        ("patch", "/auth/me"),
        ("post", "/auth/password"),
        ("post", "/auth/logout-all"),
        ("get", "/auth/me/events"),
    ],
)
def test_it_may_do_nothing_else(alice_client, method, path):
    client = client_with(token_of(alice_client)["token"])
    answer = getattr(client, method)(path)

    assert (answer.status_code, answer.json()["code"]) == (403, "insufficient_scope")


def test_once_revoked_it_is_refused_whatever_it_asks(alice_client):
    made = token_of(alice_client)
    client = client_with(made["token"])
    assert client.get("/tasks/").status_code == 200
    alice_client.delete(f"{URL}/{made['id']}")

    assert [client.get(path).status_code for path in ("/tasks/", "/jobs/", "/auth/me")] == [401] * 3


def test_it_ends_when_it_expires(alice_client):
    client = client_with(token_of(alice_client, expires_at=(timezone.now() + timedelta(hours=1)).isoformat())["token"])
    assert client.get("/tasks/").status_code == 200
    PersonalToken.objects.update(expires_at=timezone.now())

    assert client.get("/tasks/").status_code == 401


def test_a_deactivation_ends_it_for_good(alice_client):
    client = client_with(token_of(alice_client)["token"])
    User.objects.update(is_active=False)
    User.objects.update(is_active=True)

    assert client.get("/tasks/").status_code == 401


def test_it_outlives_signing_out_everywhere(alice_client):
    client = client_with(token_of(alice_client)["token"])
    alice_client.post("/auth/logout-all")

    assert client.get("/tasks/").status_code == 200


def test_when_it_was_last_used_is_told(alice_client):
    client_with(token_of(alice_client)["token"]).get("/tasks/")

    assert alice_client.get(URL).json()["items"][0]["last_used_at"] is not None


def test_to_make_one_needs_a_recent_sign_in(alice_client):
    Session.objects.update(signed_in_at=timezone.now() - timedelta(minutes=11))
    answer = alice_client.post(URL, {"name": "script", "scopes": ["tasks:read"]})

    assert (answer.status_code, answer.json()["code"]) == (403, "sign_in_again")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"name": ""}, "/name"),
        ({"scopes": []}, "/scopes"),
        ({"scopes": ["everything"]}, "/scopes/0"),
        ({"expires_at": "2020-01-01T00:00:00Z"}, "/expires_at"),
    ],
)
def test_a_mistake_is_named(alice_client, change, pointer):
    answer = alice_client.post(URL, {"name": "script", "scopes": ["tasks:read"], **change})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)


@pytest.mark.parametrize("token", ["thub_", "thub_" + "x" * 36, "thub_\u00e4"])
def test_a_made_up_one_is_refused(db, token):
    assert client_with(token).get("/tasks/").status_code == 401


def views(patterns):
    for pattern in patterns:
        if hasattr(pattern, "url_patterns"):
            yield from views(pattern.url_patterns)
        else:
            yield getattr(pattern.callback, "cls", getattr(pattern.callback, "view_class", None))


def test_every_view_that_needs_a_caller_names_its_scope():
    named = {scope.partition(":")[0] for scope in Scope.values} | {"session"}
    private = [
        view
        for view in views(get_resolver().url_patterns)
        if view and issubclass(view, BaseView) and view.authentication_classes
    ]

    assert len(private) > 8
    assert {view.__name__ for view in private if view.scope not in named} == set()
