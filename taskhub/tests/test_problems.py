"""Every error, wherever it comes from, has one shape (RFC 9457)."""

import re

import pytest
from django.db import IntegrityError, OperationalError
from psycopg.errors import ForeignKeyViolation

from taskhub.api.health import Health
from tasks.views import TaskViewSet

KEYS = ["type", "title", "status", "detail", "code", "instance", "request_id", "errors"]


def assert_problem(response, status, code, instance):
    body = response.json()
    assert (response.status_code, body["code"]) == (status, code)
    assert response["Content-Type"] == "application/problem+json"
    assert list(body) == KEYS
    assert (body["type"], body["status"], body["instance"]) == (f"/problems/{code}", status, instance)
    assert body["request_id"] == response["X-Request-ID"]
    assert body["detail"].endswith(".")


@pytest.mark.parametrize("path", ["/nowhere", "/tasks/nope/deeper", "/health/dbx"])
def test_an_unknown_path_is_a_problem(anonymous_client, path):
    assert_problem(anonymous_client.get(path), 404, "not_found", path)


def test_the_instance_is_a_valid_reference(anonymous_client):
    assert_problem(anonymous_client.get("/a b/é"), 404, "not_found", "/a%20b/%C3%A9")


def test_a_wrong_method_is_a_problem(anonymous_client):
    response = anonymous_client.delete("/health")

    assert_problem(response, 405, "method_not_allowed", "/health")
    assert response["Allow"] == "GET, HEAD"


def test_a_body_over_one_mebibyte_is_a_problem(anonymous_client):
    for path in ("/auth/register", "/nowhere", "/admin/login/"):
        response = anonymous_client.generic("POST", path, b"x" * (1024 * 1024 + 1), content_type="application/json")
        assert_problem(response, 413, "body_too_large", path)


@pytest.mark.parametrize(("path", "kibibytes"), [("/tasks/", 1024), ("/auth/sessions", 16)])
def test_a_body_of_just_so_many_kibibytes_is_read(alice_client, path, kibibytes):
    body = b" " * 1024 * kibibytes
    largest, larger = (alice_client.generic("POST", path, sent, "application/json") for sent in (body, body + b" "))

    assert_problem(larger, 413, "body_too_large", path)
    assert largest.status_code != 413


def test_a_foreign_host_is_a_problem(anonymous_client):
    assert_problem(
        anonymous_client.get("/health", headers={"Host": "evil.example"}), 400, "validation_error", "/health"
    )


def test_a_form_from_another_site_is_a_problem(db):
    from rest_framework.test import APIClient

    client = APIClient(enforce_csrf_checks=True)
    assert_problem(client.post("/admin/login/", {}, format="multipart"), 403, "permission_denied", "/admin/login/")


def test_an_unknown_query_parameter_is_a_problem_also_for_probes(anonymous_client):
    response = anonymous_client.get("/health?verbose=1")

    assert_problem(response, 400, "validation_error", "/health")
    assert response.json()["errors"][0]["parameter"] == "verbose"


def failing_with(error):
    def get(self, request):
        raise error

    return get


def test_what_nobody_foresaw_is_a_problem_without_internals(anonymous_client, monkeypatch, caplog):
    monkeypatch.setattr(Health, "get", failing_with(ZeroDivisionError("SELECT secret FROM users")))
    response = anonymous_client.get("/health")

    assert_problem(response, 500, "internal_error", "/health")
    assert b"secret" not in response.content
    assert "ZeroDivisionError" in caplog.text


def test_a_lost_database_is_a_problem_that_says_when_to_come_back(alice_client, monkeypatch):
    monkeypatch.setattr(TaskViewSet, "list", failing_with(OperationalError("server closed the connection")))
    response = alice_client.get("/tasks/")

    assert_problem(response, 503, "database_unavailable", "/tasks/")
    assert response["Retry-After"] == "1"


@pytest.mark.parametrize("offered", ["a", "Req-1.2_3", "x" * 128])
def test_an_acceptable_request_id_is_echoed(anonymous_client, offered):
    assert anonymous_client.get("/health", headers={"X-Request-ID": offered})["X-Request-ID"] == offered


@pytest.mark.parametrize("offered", ["", "x" * 129, "a b", "ä", "a\nb", "<script>"])
def test_another_request_id_is_replaced(anonymous_client, offered):
    made = anonymous_client.get("/health", headers={"X-Request-ID": offered})["X-Request-ID"]

    assert made != offered
    assert re.fullmatch("[0-9a-f]{32}", made)


def test_a_referenced_row_deleted_meanwhile_is_a_conflict(alice_client, monkeypatch):
    error = IntegrityError()
    error.__cause__ = ForeignKeyViolation()
    monkeypatch.setattr(TaskViewSet, "create", failing_with(error))

    assert_problem(alice_client.post("/tasks/", {"title": "Buy milk"}), 409, "conflict", "/tasks/")


def test_thousands_of_mistakes_are_not_answered_by_thousands(alice_client):
    response = alice_client.post("/tasks/", {f"field{n}": n for n in range(5000)})

    assert response.status_code == 400
    assert len(response.json()["errors"]) == 100


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_a_probe_may_come_by_address(anonymous_client, path):
    assert anonymous_client.get(path, headers={"Host": "10.0.0.7"}).status_code == 200


def test_a_refusal_can_be_read_across_origins(anonymous_client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    headers = {"Origin": "https://app.example.com"}
    body = b"x" * (1024 * 1024 + 1)
    response = anonymous_client.generic("POST", "/auth/login", body, content_type="application/json", headers=headers)

    assert (response.status_code, response["Access-Control-Allow-Origin"]) == (413, "https://app.example.com")


def test_a_cookie_the_database_cannot_hold_is_a_bad_request(anonymous_client):
    response = anonymous_client.get("/admin/", headers={"Cookie": 'sessionid="\\000aaaaaaaa"'})

    assert_problem(response, 400, "validation_error", "/admin/")
