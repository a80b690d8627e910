"""Addresses that belong to no app, and what browsers may do."""

import pytest


def test_a_program_finds_the_addresses_at_the_root(anonymous_client):
    assert anonymous_client.get("/").json()["addresses"]["tasks"] == "/tasks/"


def test_a_browser_is_shown_the_documentation(anonymous_client):
    response = anonymous_client.get("/", headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"})

    assert (response.status_code, response["Location"], response["Vary"]) == (302, "/docs", "Accept")


def test_a_document_that_is_known_is_not_sent_again(anonymous_client):
    first = anonymous_client.get("/openapi.json")
    again = anonymous_client.get("/openapi.json", headers={"If-None-Match": first["ETag"]})

    assert (first.json()["info"]["title"], again.status_code, again.content) == ("TaskHub", 304, b"")


@pytest.mark.parametrize("path", ["/docs", "/redoc/"])
def test_the_pages_allow_nothing_from_elsewhere(anonymous_client, path):
    response = anonymous_client.get(path)

    assert response.status_code == 200
    assert response["Content-Security-Policy"].startswith("default-src 'self';")
    assert b"https://" not in response.content


@pytest.mark.parametrize("method", ["DELETE", "POST", "OPTIONS"])
@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_the_pages_are_read_only(anonymous_client, path, method):
    response = anonymous_client.generic(method, path)

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"] == "GET, HEAD"


def test_the_admin_alone_redirects_to_its_slash(anonymous_client):
    response = anonymous_client.get("/admin")

    assert (response.status_code, response["Location"]) == (302, "/admin/")


@pytest.mark.parametrize("path", ["/health", "/livez", "/readyz", "/health/db", "/auth/me", "/tasks"])
def test_the_slash_is_optional_and_never_redirected(alice_client, path):
    assert alice_client.get(path).status_code == alice_client.get(f"{path}/").status_code == 200


def test_head_is_get_without_a_body(alice_client):
    response = alice_client.head("/tasks/")

    assert (response.status_code, response.content) == (200, b"")


def test_static_files_of_the_admin_are_served_without_debug(anonymous_client, settings):
    response = anonymous_client.get("/static/admin/css/base.css")
    response.close()

    assert settings.DEBUG is False
    assert (response.status_code, response["Content-Type"]) == (200, 'text/css; charset="utf-8"')


def test_browsers_are_told_to_guess_nothing_and_to_frame_nothing(anonymous_client):
    headers = anonymous_client.get("/health").headers

    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == headers["Cross-Origin-Opener-Policy"] == "same-origin"


def preflight(client, origin):
    headers = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization",
    }
    return client.options("/tasks/", headers=headers)


def listed(answer, header):
    return set(answer[f"Access-Control-{header}"].split(", "))


def test_no_other_origin_is_allowed_by_default(anonymous_client):
    assert "Access-Control-Allow-Origin" not in preflight(anonymous_client, "https://app.example.com")


def test_an_allowed_origin_may_call_and_read_our_headers(anonymous_client, settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://app.example.com"]
    assert "origin" in anonymous_client.get("/health")["Vary"]
    answer = preflight(anonymous_client, "https://app.example.com")
    error = anonymous_client.get("/tasks/", headers={"Origin": "https://app.example.com"})

    assert answer["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert {"authorization", "if-match", "if-none-match", "idempotency-key"} <= listed(answer, "Allow-Headers")
    assert listed(answer, "Allow-Methods") == {"GET", "HEAD", "POST", "PATCH", "DELETE"}
    assert error["Access-Control-Allow-Origin"] == "https://app.example.com"
    assert {"X-Request-ID", "ETag"} <= listed(error, "Expose-Headers")


def test_the_admin_lists_users_and_tasks(alice, client):
    alice.is_staff = alice.is_superuser = True
    alice.save()
    client.force_login(alice)

    for path in (
        "/admin/",
        "/admin/accounts/user/",
        f"/admin/accounts/user/{alice.pk}/change/",
        "/admin/tasks/task/",
        "/admin/jobs/job/",
    ):
        assert client.get(path).status_code == 200


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "TRACE", "PURGE"])
@pytest.mark.parametrize("path", ["/health?x=1", "/tasks/?x=1", "/auth/login", "/auth/me/export"])
def test_a_method_that_a_path_does_not_have_is_refused_before_all_else(anonymous_client, method, path):
    response = anonymous_client.generic(method, path, b"{", "text/plain")

    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert response["Allow"]


@pytest.mark.parametrize("path", ["/admin/login/", "/verify-email", "/reset-password", "/problems/conflict", "/docs"])
def test_every_page_says_what_it_may_load_and_that_nobody_may_frame_it(anonymous_client, db, path):
    policy = anonymous_client.get(path, headers={"Accept": "text/html"})["Content-Security-Policy"]

    assert {"default-src 'self'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"} <= {
        *policy.split("; ")
    }
    assert "form-action" in policy
    assert "script-src" not in policy


def test_an_answer_of_the_api_has_no_need_of_one(anonymous_client):
    assert "Content-Security-Policy" not in anonymous_client.get("/health")
