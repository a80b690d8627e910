"""A request that is sent again is answered again, and not done again."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import User
from conftest import client_of
from jobs.handlers import old_idempotency_keys
from jobs.running import delete_batch
from taskhub.api.models import IdempotencyKey
from taskhub.tests.contract import operations
from taskhub.tests.test_openapi_answers import FAILED, Call, as_expected, change, put_job
from tasks.models import Task

MILK = {"title": "Buy milk"}
CREATE = {"op": "create", "task": MILK}


def post(client, body=MILK, key="k1", path="/tasks/", **headers):
    return client.post(path, body, headers={"Idempotency-Key": key, **headers})


def test_a_repeated_request_is_done_once_and_answered_twice(alice_client):
    first, second = post(alice_client), post(alice_client)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.content == second.content
    assert [second[name] for name in ("Location", "ETag", "Content-Type")] == [
        first[name] for name in ("Location", "ETag", "Content-Type")
    ]
    assert ("Idempotency-Replayed" in first, second["Idempotency-Replayed"]) == (False, "true")
    assert Task.objects.count() == 1


def test_each_answer_has_the_id_of_its_own_request(alice_client):
    assert post(alice_client)["X-Request-ID"] != post(alice_client)["X-Request-ID"]


def test_the_same_json_may_be_written_in_another_way(alice_client):
    post(alice_client, {"title": "Buy milk", "status": "done"})
    again = alice_client.generic(
        "POST",
        "/tasks",
        ' {"status":"done",\n"title":"Buy\\u0020milk"}',
        "application/json",
        headers={"Idempotency-Key": "k1"},
    )

    assert again["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("other", [{"title": "Buy bread"}, {"title": "Buy milk", "status": "todo"}])
def test_another_body_with_the_same_key_is_refused(alice_client, other):
    post(alice_client)
    response = post(alice_client, other)

    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")
    assert Task.objects.count() == 1


def test_another_condition_with_the_same_key_is_refused(alice_client):
    url = post(alice_client)["Location"]
    statuses = [
        alice_client.patch(url, {"status": "done"}, headers={"Idempotency-Key": "k1", "If-Match": seen}).status_code
        for seen in ('"1"', '"1"', '"2"')
    ]

    assert statuses == [200, 200, 422]


def test_a_key_belongs_to_its_user_method_and_path(alice_client, bob_client):
    url = post(alice_client)["Location"]
    post(bob_client)
    for method in ("patch", "delete"):
        response = getattr(alice_client, method)(url, {"title": "Buy bread"}, headers={"Idempotency-Key": "k1"})
        assert "Idempotency-Replayed" not in response
    assert IdempotencyKey.objects.count() == 4


def test_a_repeated_deletion_is_answered_as_the_first(alice_client):
    url = post(alice_client)["Location"]
    answers = [alice_client.delete(url, headers={"Idempotency-Key": "k2"}) for _ in range(2)]

    assert [(answer.status_code, answer.content) for answer in answers] == [(204, b"")] * 2


def test_a_repeated_change_is_one_version(alice_client):
    url = post(alice_client)["Location"]
    for _ in range(3):
        answer = alice_client.patch(url, {"status": "done"}, headers={"Idempotency-Key": "k2"})
    assert (answer.json()["version"], alice_client.get(url).json()["version"]) == (2, 2)


@pytest.mark.parametrize("body", [{}, {"title": ""}, {"colour": "red"}])
def test_an_error_leaves_the_key_free(alice_client, body):
    assert post(alice_client, body).status_code == 400
    assert post(alice_client).status_code == 201


def test_a_failure_of_ours_leaves_the_key_free_and_nothing_behind(alice_client, monkeypatch):
    monkeypatch.setattr("tasks.views.tasks.answer", lambda *args: 1 / 0)
    assert post(alice_client).status_code == 500
    assert (Task.objects.count(), IdempotencyKey.objects.count()) == (0, 0)
    monkeypatch.undo()
    assert post(alice_client).status_code == 201


@pytest.mark.parametrize("key", ["k", "x" * 255, '"k"', "!~#", '"a b"'[:2] + 'b"', r'"a\"b\\c"'])
def test_a_key_is_visible_ascii(alice_client, key):
    assert post(alice_client, key=key).status_code == 201


def test_quotes_do_not_make_another_key(alice_client):
    post(alice_client, key="k1")

    assert post(alice_client, key='"k1"')["Idempotency-Replayed"] == "true"


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, '"', '""', '"a', 'a"', "é", "\x7f", f'"{"x" * 256}"'])
def test_any_other_key_is_refused(alice_client, key):
    response = post(alice_client, key=key)

    assert (response.status_code, response.json()["errors"][0]["header"]) == (400, "Idempotency-Key")
    assert not Task.objects.exists()


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/tasks/"),
        ("POST", "/auth/register"),
        ("POST", "/auth/login"),
        ("POST", "/auth/logout"),
        ("GET", "/health"),
    ],
)
def test_where_no_key_is_taken_it_is_refused_and_never_ignored(alice_client, method, path):
    response = alice_client.generic(method, path, b"{}", "application/json", headers={"Idempotency-Key": "k1"})

    assert (response.status_code, response.json()["errors"][0]["code"]) == (400, "not_taken")


def test_a_deactivated_user_gets_no_stored_answer(alice, alice_client):
    post(alice_client)
    User.objects.update(is_active=False)

    assert post(alice_client).status_code == 401


def test_without_a_token_it_is_not_authenticated(anonymous_client):
    assert post(anonymous_client).status_code == 401


def test_an_account_takes_its_keys_along(alice, alice_client):
    post(alice_client)
    alice.delete()

    assert not IdempotencyKey.objects.exists()


def test_they_are_kept_for_a_day(alice_client, alice):
    post(alice_client, key="old")
    IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(hours=24, seconds=1))
    post(alice_client, key="new")

    delete_batch(old_idempotency_keys())

    assert "Idempotency-Replayed" not in post(client_of(alice), key="old")


def test_an_empty_change_of_an_account_takes_a_key(alice_client):
    for _ in range(2):
        response = alice_client.patch("/auth/me", {}, headers={"Idempotency-Key": "k1"})
    assert response["Idempotency-Replayed"] == "true"


KEYED = [
    pytest.param(path, method, operation, id=operation["operationId"])
    for path, method, operation in operations()
    if any(parameter["name"] == "Idempotency-Key" for parameter in operation.get("parameters", ()))
    and operation["operationId"] != "refreshTokens"  # repeats in a way of its own: accounts/tests/test_tokens.py
]


@pytest.mark.parametrize(("path", "method", "operation"), KEYED)
def test_whatever_takes_a_key_is_done_once(alice, monkeypatch, path, method, operation):
    """An operation that is added later is among them."""
    call = Call(path, method, operation, alice, monkeypatch)
    {"retryJob": put_job(**FAILED), "changeTasks": change(body={"operations": [CREATE]})}.get(call.name, as_expected)(
        call
    )
    call.headers["Idempotency-Key"] = "k1"
    first, again = call.send(), call.send()

    assert first.status_code < 300
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert again["Idempotency-Replayed"] == "true"
