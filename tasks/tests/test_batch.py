"""Many changes in one request."""

import pytest

from events.models import Event
from tasks.models import Task
from tasks.tests.factories import TaskFactory

URL = "/tasks/batch"
CHOSEN = "01a1fc34-14b5-7291-a133-fecd6747d90e"
UNKNOWN = "01a1fc34-14b5-7291-a133-fecd6747d90f"


@pytest.fixture
def milk(alice_client):
    return alice_client.post("/tasks/", {"title": "Buy milk"}).json()


def create(title="Buy bread", **fields):
    return {"op": "create", "task": {"title": title, **fields}}


def update(pk, **options):
    return {"op": "update", "id": pk, "changes": {"status": "done"}, **options}


def delete(pk, **options):
    return {"op": "delete", "id": pk, **options}


def send(client, *operations, **options):
    return client.post(URL, {"operations": operations, **options})


def first_error(response):
    error = response.json()["errors"][0]
    return response.status_code, error["pointer"], error["code"]


def test_each_operation_has_its_result_in_order(alice_client, milk):
    bread, done, gone = send(alice_client, create(), update(milk["id"]), delete(milk["id"])).json()["results"]

    assert (bread["status"], bread["task"]["title"]) == (201, "Buy bread")
    assert (done["status"], done["task"]["status"], done["task"]["version"]) == (200, "done", 2)
    assert gone == {"status": 204}
    assert [task.title for task in Task.objects.filter(deleted_at=None)] == ["Buy bread"]


def test_a_result_is_the_task_as_it_is_read_afterwards(alice_client, milk):
    results = send(alice_client, update(milk["id"]), create()).json()["results"]

    for result in results:
        assert alice_client.get(f"/tasks/{result['task']['id']}").json() == result["task"]


def test_each_change_has_its_event_also_of_what_did_not_stay(alice_client, milk):
    send(alice_client, create(id=CHOSEN), update(CHOSEN), update(CHOSEN), delete(CHOSEN), update(milk["id"]))
    kinds = [event["kind"] for event in alice_client.get(f"/tasks/{CHOSEN}/events").json()["items"]]

    assert kinds == ["deleted", "updated", "created"]
    assert [event["version"] for event in alice_client.get(f"/tasks/{milk['id']}/events").json()["items"]] == [2, 1]


def test_the_number_of_statements_does_not_grow(alice, alice_client, django_assert_num_queries):
    for n in (1, 60):
        tasks = [TaskFactory(owner=alice) for _ in range(2 * n)]
        operations = [update(str(task.pk)) for task in tasks[:n]] + [delete(str(task.pk)) for task in tasks[n:]]
        # user, lock, what is under what is deleted, rows; savepoint, update, insert, events, release
        with django_assert_num_queries(9):
            assert send(alice_client, *operations, *[create()] * n).status_code == 200


@pytest.mark.parametrize(
    ("operation", "refusal"),
    [
        (create(title=""), (400, "/operations/1/task/title", "blank")),
        (create(colour="red"), (400, "/operations/1/task/colour", "unknown_field")),
        ({"op": "create"}, (400, "/operations/1/task", "required")),
        ({"op": "create", "task": 12}, (400, "/operations/1/task", "invalid")),
        ({"op": "create", "task": {"title": "x"}, "id": CHOSEN}, (400, "/operations/1/id", "unknown_field")),
        ({"op": "replace", "id": UNKNOWN}, (400, "/operations/1/op", "invalid_choice")),
        ({"op": ["delete"], "id": UNKNOWN}, (400, "/operations/1/op", "invalid_choice")),
        ({}, (400, "/operations/1/op", "required")),
        (12, (400, "/operations/1", "invalid")),
        (None, (400, "/operations/1", "null")),
        (delete(UNKNOWN), (404, "/operations/1", "not_found")),
        (delete("x"), (400, "/operations/1/id", "invalid")),
        (delete(UNKNOWN, if_match="1"), (400, "/operations/1/if_match", "invalid")),
        (delete(UNKNOWN, if_match=True), (400, "/operations/1/if_match", "invalid")),
        (delete(UNKNOWN, if_match=0), (400, "/operations/1/if_match", "min_value")),
        (update(UNKNOWN), (404, "/operations/1", "not_found")),
        ({"op": "update", "id": UNKNOWN}, (400, "/operations/1/changes", "required")),
    ],
)
def test_the_first_that_cannot_be_done_is_the_answer_to_the_whole(alice_client, operation, refusal):
    assert first_error(send(alice_client, create(), operation, create(title=""))) == refusal
    assert not Task.objects.exists()
    assert not Event.objects.exists()


def test_of_those_that_are_not_atomic_each_stands_for_itself(alice_client, milk):
    operations = [create(title=""), update(milk["id"], if_match=7), delete(UNKNOWN), create()]
    response = send(alice_client, *operations, atomic=False)
    results = response.json()["results"]

    assert (response.status_code, [result["status"] for result in results]) == (200, [400, 412, 404, 201])
    assert results[0]["problem"]["errors"][0]["pointer"] == "/operations/0/task/title"
    assert results[1]["problem"]["current"] == milk
    assert {task.title for task in Task.objects.all()} == {"Buy milk", "Buy bread"}


@pytest.mark.parametrize("atomic", [True, False])
def test_an_operation_sees_what_the_ones_before_it_did(alice_client, atomic):
    operations = [
        create(id=CHOSEN),
        update(CHOSEN, if_match=1),
        update(CHOSEN, if_match=1, changes={"title": "Late"}),
        delete(CHOSEN, if_match=2),
    ]
    response = send(alice_client, *operations, atomic=atomic)

    if atomic:
        assert first_error(response) == (412, "/operations/2", "precondition_failed")
        assert response.json()["changed_fields"] is None or response.json()["current_version"] == 2
    else:
        assert [result["status"] for result in response.json()["results"]] == [201, 200, 412, 204]
    assert not Task.objects.filter(deleted_at=None).exists()


@pytest.mark.parametrize("before", ["row", "deleted", "bob's", "in the batch"])
def test_an_id_in_use_is_refused(alice_client, bob_client, before):
    operations = [create(id=CHOSEN)]
    if before == "in the batch":
        operations = [create(id=CHOSEN), delete(CHOSEN), *operations]
    else:
        client = bob_client if before == "bob's" else alice_client
        client.post("/tasks/", {"id": CHOSEN, "title": "Buy milk"})
    if before == "deleted":
        alice_client.delete(f"/tasks/{CHOSEN}")

    place = len(operations) - 1
    assert first_error(send(alice_client, *operations)) == (409, f"/operations/{place}/task/id", "id_conflict")


def test_the_tasks_of_bob_are_not_found(alice_client, bob_client, milk):
    for operation in (update(milk["id"]), delete(milk["id"])):
        assert first_error(send(bob_client, operation)) == (404, "/operations/0", "not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/operations"),
        ({"operations": []}, "/operations"),
        ({"operations": {}}, "/operations"),
        ({"operations": [create()] * 201}, "/operations"),
        ({"operations": [create()], "atomic": "true"}, "/atomic"),
        ({"operations": [create()], "atomic": 1}, "/atomic"),
        ({"operations": [create()], "colour": "red"}, "/colour"),
    ],
)
def test_a_batch_that_cannot_be_read_is_refused(alice_client, body, pointer):
    response = alice_client.post(URL, body)

    assert (response.status_code, response.json()["errors"][0]["pointer"]) == (400, pointer)


def test_a_key_holds_for_the_whole(alice_client):
    headers = {"Idempotency-Key": "k1"}
    body = {"atomic": False, "operations": [create(), delete(UNKNOWN)]}
    first, second = (alice_client.post(URL, body, headers=headers) for _ in range(2))

    assert first.content == second.content
    assert second["Idempotency-Replayed"] == "true"
    assert Task.objects.count() == 1


def test_answers_of_several_megabytes_are_kept(alice, alice_client):
    tasks = [TaskFactory(owner=alice, description="\u0001" * 10_000) for _ in range(200)]
    body = {"operations": [update(str(task.pk)) for task in tasks]}
    first, second = (alice_client.post(URL, body, headers={"Idempotency-Key": "k1"}) for _ in range(2))

    assert len(first.content) > 10_000_000
    assert first.content == second.content
