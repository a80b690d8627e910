"""A token is verified once; the user whom it names is looked up at each request, by whatever statement."""

from types import SimpleNamespace

import pytest

from accounts.authentication import AccessToken
from accounts.models import User
from accounts.tests.factories import access_token
from conftest import client_of
from taskhub.api.views import checks_caller
from taskhub.postgresql.caller import Caller
from tasks.models import Task
from tasks.tests.factories import TaskFactory

PATHS = ["/auth/me", "/tasks/", "/jobs/", "/tasks/01a1fc34-14b5-7291-a133-fecd6747d90e"]


def answer_to(token, path="/auth/me"):
    client = client_of()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {token}")
    return client.get(path)


@pytest.mark.parametrize("path", PATHS)
def test_a_token_that_was_good_before_is_refused_once_it_has_expired(alice, path, monkeypatch):
    raw = str(access_token(alice))
    assert answer_to(raw).status_code == 200
    monkeypatch.setattr("time.time", lambda: AccessToken(raw)["exp"])

    assert answer_to(raw, path).status_code == 401


def test_a_token_that_was_good_before_is_refused_once_its_key_is_removed(alice, settings):
    raw = str(access_token(alice))
    assert answer_to(raw).status_code == 200
    settings.JWT_SIGNING_KEYS = {"new": "n" * 32}

    assert answer_to(raw).status_code == 401


def test_a_token_is_verified_once(alice, monkeypatch):
    raw = str(access_token(alice))
    answer_to(raw)
    monkeypatch.setattr(AccessToken, "__init__", lambda *_: pytest.fail("verified again"))

    assert answer_to(raw).status_code == 200


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("change", [lambda: User.objects.update(is_active=False), lambda: User.objects.all().delete()])
def test_who_is_no_longer_active_is_refused_whatever_they_ask(alice, alice_client, path, change):
    TaskFactory(owner=alice)
    change()

    assert alice_client.get(path).status_code == 401


@pytest.mark.parametrize("body", [{"title": "Buy milk"}, {}, {"title": 1}])
def test_who_is_no_longer_active_is_not_told_what_is_wrong_with_a_body(alice, alice_client, body):
    User.objects.update(is_active=False)

    assert alice_client.post("/tasks/", body).status_code == 401
    assert not Task.objects.exists()


def test_a_handler_that_forgets_to_look_the_caller_up_gives_no_answer(alice):
    @checks_caller
    def forgets(view, request):
        return "secret"

    with pytest.raises(RuntimeError, match=r"forgets has answered without looking the caller up"):
        forgets(None, SimpleNamespace(user=Caller(str(alice.pk), "", (), lambda: alice)))
