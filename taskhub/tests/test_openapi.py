"""The OpenAPI document: what generators of clients and readers need of it."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.core.management import call_command

from devstack.service import ROOT
from taskhub.api import pages
from taskhub.tests.contract import document, operations, resolved, validator

OPERATIONS = {operation["operationId"]: (path, method, operation) for path, method, operation in operations()}
COMMAND = "python manage.py spectacular --format openapi-json --file docs/openapi.json"
PUBLIC = (
    {"/", "/livez", "/readyz", "/health", "/health/db", "/csv-types"}
    | {f"/auth/{name}" for name in ("register", "login", "login/second-factor", "refresh", "logout", "email/verify")}
    | {"/auth/password/reset", "/auth/password/reset/confirm"}
)
every_operation = pytest.mark.parametrize("name", OPERATIONS)


def media_of(operation):
    """Every body it takes or gives."""
    for part in [operation.get("requestBody", {}), *operation["responses"].values()]:
        yield from part.get("content", {}).values()


def test_it_is_valid_and_made_without_a_warning(tmp_path, capsys):
    call_command("spectacular", format="openapi-json", file=str(tmp_path / "x"), validate=True, fail_on_warn=True)

    assert document()["openapi"] == "3.1.1"
    assert "warning" not in capsys.readouterr().err.lower()


def test_the_copy_in_the_repository_is_up_to_date():
    assert json.loads((ROOT / "docs/openapi.json").read_text()) == document(), f"run: {COMMAND}"


def test_paths_are_spelled_without_a_slash_at_the_end():
    assert set(document()["paths"]) == {
        "/",
        "/auth/register",
        "/auth/login",
        "/auth/refresh",
        "/auth/logout",
        "/auth/logout-all",
        "/auth/login/second-factor",
        "/auth/password",
        "/auth/password/reset",
        "/auth/password/reset/confirm",
        "/auth/email/verify",
        "/auth/email/verify/resend",
        "/auth/second-factor",
        "/auth/second-factor/confirm",
        "/auth/sessions",
        "/auth/sessions/{id}",
        "/auth/tokens",
        "/auth/tokens/{id}",
        "/auth/me",
        "/auth/me/events",
        "/auth/me/export",
        "/tasks",
        "/tasks/{id}",
        "/tasks/{id}/events",
        "/tasks/batch",
        "/tasks/{id}/complete",
        "/tasks/{id}/reopen",
        "/tasks/{id}/restore",
        "/tasks/{id}/move",
        "/tasks/{id}/subtasks",
        "/plans",
        "/plans/{id}",
        "/plans/{id}/check",
        "/plans/{id}/generate",
        "/plans/{id}/validate",
        "/plans/{id}/export",
        "/plans/{id}/retry",
        "/plans/{id}/cancel",
        "/plans/{id}/back",
        "/plans/{id}/events",
        "/plans/{plan_id}/files",
        "/plans/{plan_id}/files/{id}",
        "/plans/{plan_id}/findings",
        "/plans/{plan_id}/tickets",
        "/plans/{plan_id}/tickets/{id}",
        "/plans/{plan_id}/groups/{group}/order",
        "/plans/{plan_id}/dependencies",
        "/plans/{plan_id}/dependencies/{id}",
        "/csv-types",
        "/tasks/{task_id}/comments",
        "/tasks/{task_id}/comments/{id}",
        "/tasks/{task_id}/dependencies",
        "/tasks/{task_id}/dependencies/{needs}",
        "/lists",
        "/lists/{id}",
        "/lists/{id}/move",
        "/labels",
        "/labels/{id}",
        "/filters",
        "/filters/{id}",
        "/jobs",
        "/jobs/{job_id}",
        "/jobs/{job_id}/retry",
        "/jobs/{job_id}/cancel",
        "/health",
        "/health/db",
        "/livez",
        "/readyz",
    }


@every_operation
def test_an_operation_says_what_it_is_for(name):
    _, _, operation = OPERATIONS[name]

    assert operation["summary"]
    assert operation["description"].endswith(".")
    assert len(operation["tags"]) == 1
    assert all(resolved(answer)["description"] for answer in operation["responses"].values())


@every_operation
def test_every_body_has_examples_that_its_schema_allows(name):
    for media in media_of(OPERATIONS[name][2]):
        assert media["examples"]
        for example in media["examples"].values():
            validator(media["schema"]).validate(example["value"])


@every_operation
def test_every_number_has_bounds(name):
    for parameter in OPERATIONS[name][2].get("parameters", ()):
        schema = resolved(parameter["schema"])
        assert schema["type"] != "integer" or {"minimum", "maximum"} <= schema.keys()


@every_operation
def test_an_operation_needs_a_token_unless_it_is_public(name):
    path, _, operation = OPERATIONS[name]
    assert operation["security"] == ([] if path in PUBLIC else [{"credentials": []}, {"token": []}])


def test_a_token_is_got_by_the_form_of_swagger_ui():
    flows = document()["components"]["securitySchemes"]["credentials"]["flows"]

    assert flows["password"]["tokenUrl"] == "/auth/login"


@every_operation
def test_a_body_has_one_content_type(name):
    body = OPERATIONS[name][2].get("requestBody", {"content": {"application/json": {}}})

    assert list(body["content"]) == (["text/csv"] if name == "addPlanFile" else ["application/json"])


def test_the_default_of_a_new_task_is_told_and_a_patch_has_none():
    new, patch = (
        document()["components"]["schemas"][name]["properties"] for name in ("NewTaskRequest", "PatchedTaskRequest")
    )

    assert (new["status"]["default"], new["description"]["default"]) == ("todo", "")
    assert not any("default" in described for described in patch.values())


def test_what_may_be_null_says_so():
    task, user, meta = (document()["components"]["schemas"][name] for name in ("Task", "User", "PageMeta"))

    assert task["properties"]["completed_at"]["type"] == ["string", "null"]
    assert task["properties"]["description"]["type"] == "string"
    assert user["properties"]["email"]["type"] == ["string", "null"]
    assert meta["properties"]["next_cursor"]["type"] == ["string", "null"]


def test_an_answer_holds_every_field():
    for name, schema in document()["components"]["schemas"].items():
        if "properties" in schema and not name.endswith("Request") and name not in ("InputError", "Problem"):
            assert set(schema["required"]) == set(schema["properties"]), name


def test_a_request_with_an_unknown_field_is_not_valid():
    schema = resolved({"$ref": "#/components/schemas/RegisterRequest"})

    assert not validator(schema).is_valid({"username": "alice", "password": "correct horse", "colour": "red"})


def test_two_who_ask_first_at_once_both_get_it():
    pages.generated.cache_clear()
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: pages.document(), range(4)))

    assert len(set(answers)) == 1
