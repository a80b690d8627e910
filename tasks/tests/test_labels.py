"""Labels of tasks over HTTP."""

import pytest

from events.models import Event
from jobs.testing import assert_enqueued, drain
from tasks.models import Label, Task, TaskLabel
from tasks.tests.factories import LabelFactory, TaskFactory


def post(client, *labels, title="Milk"):
    return client.post("/tasks/", {"title": title, "labels": list(labels)})


def titles(client, query):
    return [task["title"] for task in client.get(f"/tasks/?{query}").json()["items"]]


def test_labels_that_are_not_there_are_made_once(alice_client):
    first, second = post(alice_client, " Home ", "urgent"), post(alice_client, "HOME", "home")

    assert (first.status_code, first.json()["labels"]) == (201, ["Home", "urgent"])
    assert (second.json()["labels"], second.json()["label_ids"]) == (["Home"], first.json()["label_ids"][:1])
    assert [one["name"] for one in alice_client.get("/labels/").json()["items"]] == ["Home", "urgent"]
    assert Event.objects.filter(resource="label", kind="created").count() == 2


@pytest.mark.parametrize("names", [("straße", "STRASSE"), ("ﬁne", "fine"), ("Ёлка", "ёлка"), ("ΣΊΣΥΦΟΣ", "σίσυφος")])
def test_names_are_compared_without_regard_to_case_in_any_script(alice_client, names):
    assert [len(post(alice_client, *names).json()["labels"]), Label.objects.count()] == [1, 1]


def test_a_name_whose_characters_become_many_is_compared_whole(alice_client):
    """U+FDFA is written as 18 characters by NFKC."""
    name = "\ufdfa" * 50

    assert post(alice_client, name).json()["labels"] == [name]
    assert alice_client.get("/tasks/", {"label": name}).json()["items"][0]["labels"] == [name]


def test_in_answers_lists_and_events_they_are_the_same(alice_client):
    made = post(alice_client, "b", "a")
    changed = alice_client.patch(made["Location"], {"labels": ["a", "c"]})
    listed = alice_client.get("/tasks/").json()["items"][0]
    events = alice_client.get(f"{made['Location'].rstrip('/')}/events").json()["items"]

    assert changed.json() == listed == alice_client.get(made["Location"]).json()
    assert listed["labels"] == ["a", "c"]
    assert events[0]["changes"]["label_ids"] == {"old": made.json()["label_ids"], "new": listed["label_ids"]}


def test_a_new_name_touches_one_row_and_the_etag_of_its_tasks_tells(alice_client):
    made = post(alice_client, "home")
    etag, pk = alice_client.get(made["Location"])["ETag"], made.json()["label_ids"][0]
    alice_client.patch(f"/labels/{pk}", {"name": "house"})
    answer = alice_client.get(made["Location"], headers={"If-None-Match": etag})

    assert (answer.status_code, answer.json()["labels"], answer.json()["version"]) == (200, ["house"], 1)
    assert answer["ETag"] != etag


@pytest.mark.django_db(transaction=True)
def test_a_name_that_is_taken_is_refused(alice, alice_client):
    LabelFactory(owner=alice, name="home")
    other = LabelFactory(owner=alice, name="garden")

    assert alice_client.post("/labels/", {"name": "HOME"}).json()["code"] == "name_taken"
    assert alice_client.patch(f"/labels/{other.pk}", {"name": "Home"}).status_code == 409


def test_a_label_that_is_deleted_is_in_no_task_any_more(alice_client):
    made = post(alice_client, "home", "garden")
    etag = alice_client.get(made["Location"])["ETag"]
    garden = made.json()["label_ids"][0]
    assert alice_client.delete(f"/labels/{garden}").status_code == 204
    answer = alice_client.get(made["Location"], headers={"If-None-Match": etag})

    assert (answer.status_code, answer.json()["labels"]) == (200, ["home"])
    assert titles(alice_client, "label=garden") == []
    assert not TaskLabel.objects.filter(label_id=garden).exists()


@pytest.mark.django_db(transaction=True)
def test_a_label_of_many_tasks_is_forgotten_by_a_job(alice_client, monkeypatch):
    monkeypatch.setattr("tasks.handlers.BATCH", 2)
    (label,) = {post(alice_client, "home").json()["label_ids"][0] for _ in range(5)}
    alice_client.delete(f"/labels/{label}")
    assert titles(alice_client, "label=home") == []

    job = assert_enqueued("forget_label")
    assert drain("forget_label") == {job.pk: "succeeded"}
    assert [(task.label_ids, task.version) for task in Task.objects.all()] == [([], 1)] * 5
    assert not TaskLabel.objects.exists()


def test_filters_take_names_of_which_any_or_all_have_to_hold(alice_client):
    for title, names in (("both", ["a", "b"]), ("one", ["a"]), ("other", ["b"]), ("none", [])):
        post(alice_client, *names, title=title)

    assert titles(alice_client, "label=A") == ["one", "both"]
    assert titles(alice_client, "label=a&label=b&label=unknown") == ["other", "one", "both"]
    assert titles(alice_client, "label_all=a&label_all=b") == ["both"]
    assert titles(alice_client, "label_all=a&label_all=unknown") == titles(alice_client, "label=unknown") == []


def test_labels_of_somebody_else_are_not_meant(alice_client, bob_client):
    post(alice_client, "home")
    theirs = post(bob_client, "home").json()["label_ids"]

    assert alice_client.get("/tasks/").json()["items"][0]["label_ids"] != theirs
    assert Label.objects.count() == 2


@pytest.mark.parametrize(
    ("labels", "code"),
    [("home", "not_a_list"), ([""], "blank"), ([7], "invalid"), (["x" * 51], "max_length"),
     ([str(n) for n in range(51)], "max_length")],
)  # fmt: skip
def test_what_is_no_list_of_names_is_refused(alice_client, labels, code):
    answer = alice_client.post("/tasks/", {"title": "Milk", "labels": labels})

    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, code)
    assert not Label.objects.exists()


def test_null_clears_them(alice_client):
    made = post(alice_client, "home")

    assert alice_client.patch(made["Location"], {"labels": None}).json()["labels"] == []
    assert alice_client.post("/tasks/", {"title": "x", "labels": None}).json()["labels"] == []


def test_tasks_in_the_trash_are_not_found_by_label_until_they_are_back(alice, alice_client):
    task = TaskFactory(owner=alice, label_ids=[LabelFactory(owner=alice, name="home").pk])
    alice_client.delete(f"/tasks/{task.pk}")
    assert titles(alice_client, "label=home") == []

    alice_client.post(f"/tasks/{task.pk}/restore")
    assert titles(alice_client, "label=home") == [task.title]
