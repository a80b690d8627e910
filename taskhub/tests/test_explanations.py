import re

import pytest

from devstack.service import ROOT
from taskhub.api.problems import EXPLANATIONS, Problem
from taskhub.tests.contract import document
from taskhub.tests.test_problems import failing_with
from tasks.views import TaskViewSet

BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


def examples_of(part):
    """Every error answer that the document shows."""
    if isinstance(part, dict):
        if {"type", "code", "request_id"} <= part.keys() and isinstance(part["code"], str):
            yield part
        part = part.values()
    if not isinstance(part, str | int | float | None):
        for inner in part:
            yield from examples_of(inner)


def kinds_of(problem):
    yield problem
    for kind in problem.__subclasses__():
        yield from kinds_of(kind)


def test_the_codes_of_the_contract_are_explained():
    line = re.search(r"  Codes: .*", (ROOT / "docs/CONTRACT.md").read_text()).group()

    assert set(re.findall(r"`([a-z_]+_[a-z_]+|conflict|cycle)`", line)) == set(EXPLANATIONS)


def test_the_codes_of_our_own_errors_are_explained_with_their_status():
    own = [kind for kind in kinds_of(Problem) if kind is not Problem and ".tests." not in kind.__module__]

    assert {(kind.default_code, kind.status_code) for kind in own} <= {
        (code, explanation.status) for code, explanation in EXPLANATIONS.items()
    }


@pytest.mark.parametrize("path", sorted({example["type"] for example in examples_of(document())}))
def test_the_type_of_an_example_leads_to_its_explanation(anonymous_client, path):
    response = anonymous_client.get(path)

    assert (response.status_code, response.json()["type"]) == (200, path)


@pytest.mark.parametrize("path", ["/problems", "/problems/not_found", "/problems/not_found/"])
def test_a_browser_is_shown_a_page(anonymous_client, path):
    response = anonymous_client.get(path, headers=BROWSER)

    assert response["Content-Type"] == "text/html; charset=utf-8"
    assert "the caller may not see it" in response.content.decode()
    assert "Accept" in response["Vary"]


def test_all_are_listed(anonymous_client):
    assert [problem["code"] for problem in anonymous_client.get("/problems").json()["problems"]] == list(EXPLANATIONS)


def test_an_unknown_code_is_not_found(anonymous_client):
    response = anonymous_client.get("/problems/nonsense")

    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_browser_at_an_unknown_path_is_shown_the_same_facts(anonymous_client):
    response = anonymous_client.get("/nope", headers=BROWSER)

    assert (response.status_code, response["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert 'href="/problems/not_found"' in response.content.decode()


def test_an_error_of_the_api_is_json_even_for_a_browser(alice_client, monkeypatch):
    monkeypatch.setattr(TaskViewSet, "list", failing_with(RuntimeError()))
    responses = [
        alice_client.get("/tasks/", headers=BROWSER),
        alice_client.generic("POST", "/tasks/", b"x" * (1024 * 1024 + 1), headers=BROWSER),
    ]

    assert [response.status_code for response in responses] == [500, 413]
    assert {response["Content-Type"] for response in responses} == {"application/problem+json"}


@pytest.mark.parametrize("accept", ["*/*", "application/json", ""])
def test_a_program_at_an_unknown_path_gets_json(anonymous_client, accept):
    assert anonymous_client.get("/nope", headers={"Accept": accept})["Content-Type"] == "application/problem+json"
