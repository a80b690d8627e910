"""Filters that a user has kept."""

import pytest

from tasks.tests.factories import FilterFactory, TaskFactory


def titles(client, query):
    return [task["title"] for task in client.get(f"/tasks/?{query}").json()["items"]]


@pytest.fixture
def tasks(alice):
    return [TaskFactory(owner=alice, title=title, status=status) for title, status in (("a", "todo"), ("b", "done"))]


def test_a_filter_is_used_by_its_id_and_the_address_goes_before_it(alice, alice_client, tasks):
    TaskFactory(owner=alice, title="c")
    made = alice_client.post("/filters/", {"name": "Open", "query": "status=todo&sort=created"}).json()["id"]

    assert titles(alice_client, f"filter={made}") == ["a", "c"]
    assert titles(alice_client, f"filter={made}&sort=-created") == ["c", "a"]
    assert titles(alice_client, f"filter={made}&status=done") == ["b"]


def test_a_cursor_is_not_good_for_what_the_filter_has_become(alice, alice_client, tasks):
    TaskFactory(owner=alice)
    kept = FilterFactory(owner=alice, query="status=todo")
    cursor = alice_client.get(f"/tasks/?filter={kept.pk}&limit=1").json()["meta"]["next_cursor"]
    assert alice_client.get(f"/tasks/?status=todo&cursor={cursor}").status_code == 200
    alice_client.patch(f"/filters/{kept.pk}", {"query": "status=done"})

    assert alice_client.get(f"/tasks/?filter={kept.pk}&cursor={cursor}").status_code == 400


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("colour=red", "unknown_parameter"),
        ("status=open", "invalid_choice"),
        ("sort=due&sort=created", "repeated_parameter"),
        ("filter=019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c", "unknown_parameter"),
        ("limit=5", "unknown_parameter"),
        ("due_before=tomorrow", "invalid"),
        ("sort=relevance", "q_missing"),
    ],
)
def test_a_query_that_no_list_takes_is_refused(alice_client, query, code):
    answer = alice_client.post("/filters/", {"name": "x", "query": query})

    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [("/query", code)]


@pytest.mark.parametrize("pk", ["x", "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c"])
def test_a_filter_that_is_not_there_is_refused(alice_client, pk):
    assert alice_client.get(f"/tasks/?filter={pk}").json()["errors"][0]["parameter"] == "filter"


def test_a_filter_of_somebody_else_is_not_there(alice_client, bob):
    kept = FilterFactory(owner=bob)

    assert alice_client.get(f"/tasks/?filter={kept.pk}").status_code == 400
