import pytest

from tasks.models import Task

URL = "/tasks/"
FIELDS = """id title description owner status completed_at created_at updated_at version priority start_date due_date
    due_at due_timezone external_source external_key list parent label_ids position
    blocked deleted_at labels subtasks""".split()  # noqa: SIM905


def first_error(response):
    error = response.json()["errors"][0]
    return error["pointer"], error["code"]


def test_a_task_is_answered_with_its_address(alice_client):
    response = alice_client.post(URL, {"title": "Buy milk"})
    task = response.json()

    assert response.status_code == 201
    assert response["Location"] == f"/tasks/{task['id']}"
    assert list(task) == FIELDS
    assert (task["title"], task["description"], task["owner"], task["status"]) == ("Buy milk", "", "alice", "todo")
    assert task["created_at"] == task["updated_at"]
    assert alice_client.get(response["Location"]).json() == task


def test_the_slash_is_optional(alice_client):
    assert alice_client.post("/tasks", {"title": "Buy milk"}).status_code == 201


def test_it_needs_a_token(anonymous_client):
    assert anonymous_client.post(URL, {"title": "Buy milk"}).status_code == 401
    assert not Task.objects.exists()


def test_it_is_one_statement_that_looks_the_user_up(alice_client, django_assert_num_queries):
    with django_assert_num_queries(1):
        alice_client.post(URL, {"title": "Buy milk"})


def test_a_task_made_done_is_completed_when_it_is_created(alice_client):
    task = alice_client.post(URL, {"title": "Buy milk", "status": "done"}).json()

    assert task["completed_at"] == task["created_at"]


@pytest.mark.parametrize("owner", ["bob", None, 12, {}])
def test_owner_is_accepted_and_ignored(alice_client, owner):
    assert alice_client.post(URL, {"title": "Buy milk", "owner": owner}).json()["owner"] == "alice"


@pytest.mark.parametrize(
    "title",
    [
        "买牛奶",
        "Купить молоко",
        "اشترِ الحليب",
        "🥛🥛",
        "e\u0301",
        "a" * 200,
        "two\nlines",
        "<b>&amp;",
        "'; DROP TABLE tasks; --",
    ],
)
def test_titles_of_every_script_are_kept_as_written(alice_client, title):
    assert alice_client.post(URL, {"title": title}).json()["title"] == title


def test_a_title_is_trimmed_and_a_description_is_not(alice_client):
    task = alice_client.post(URL, {"title": "  Buy milk ", "description": " two\n  litres "}).json()

    assert (task["title"], task["description"]) == ("Buy milk", " two\n  litres ")


def test_null_means_the_default(alice_client):
    task = alice_client.post(URL, {"title": "Buy milk", "description": None, "status": None}).json()

    assert (task["description"], task["status"]) == ("", "todo")


def test_a_wrong_status_is_told_the_right_ones(alice_client):
    response = alice_client.post(URL, {"title": "Buy milk", "status": "finished"})

    assert response.json()["errors"][0]["detail"] == "This must be one of todo, in_progress, done, cancelled."


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("", "blank"),
        ("   ", "blank"),
        (None, "null"),
        ("x" * 201, "max_length"),
        (12, "invalid"),
        (True, "invalid"),
        ([], "invalid"),
    ],
)
def test_a_bad_title_is_refused(alice_client, title, code):
    response = alice_client.post(URL, {"title": title})

    assert (response.status_code, first_error(response)) == (400, ("/title", code))


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("description", "x" * 10_001, "max_length"),
        ("description", 12, "invalid"),
        ("status", "finished", "invalid_choice"),
        ("status", "DONE", "invalid_choice"),
        ("status", ["done"], "invalid_choice"),
        ("completed_at", "2026-01-01T00:00:00Z", "read_only_field"),
        ("created_at", "2026-01-01T00:00:00Z", "read_only_field"),
        ("version", 1, "read_only_field"),
        ("colour", None, "unknown_field"),
        ("colour", 1, "unknown_field"),
        ("a/b~c", 1, "unknown_field"),
    ],
)
def test_what_a_task_cannot_hold_is_refused(alice_client, field, value, code):
    response = alice_client.post(URL, {"title": "Buy milk", field: value})
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")

    assert (response.status_code, first_error(response)) == (400, (pointer, code))
    assert not Task.objects.exists()


def test_a_missing_title_is_named(alice_client):
    assert first_error(alice_client.post(URL, {})) == ("/title", "required")
