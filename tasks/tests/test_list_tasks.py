import random
from datetime import UTC, datetime, timedelta

import pytest

from accounts.tests.factories import UserFactory
from conftest import client_of
from taskhub.api.formats import to_json
from tasks.models import Task
from tasks.serializers import TaskSerializer
from tasks.tests.factories import TaskFactory

URL = "/tasks/"
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def page(client, **query):
    response = client.get(URL, query)
    assert response.status_code == 200, response.content
    return response.json()["items"], response.json()["meta"]


def walk(client, limit, between=lambda: None):
    """The ids of all pages, in order. `between` is called after each page."""
    items, meta = page(client, limit=limit)
    ids = [item["id"] for item in items]
    while meta["has_more"]:
        between()
        items, meta = page(client, limit=limit, cursor=meta["next_cursor"])
        ids += [item["id"] for item in items]
    return ids


def refusal(client, **query):
    response = client.get(URL, query)
    error = response.json()["errors"][0]
    return response.status_code, error["parameter"], error["code"]


def test_it_shows_the_own_tasks_newest_first(alice, bob, alice_client):
    titles = [TaskFactory(owner=alice).title for _ in range(3)]
    TaskFactory(owner=bob)
    items, meta = page(alice_client)

    assert [item["title"] for item in items] == titles[::-1]
    assert meta == {"limit": 20, "has_more": False, "next_cursor": None}


def test_without_tasks_it_is_empty(alice_client):
    assert page(alice_client) == ([], {"limit": 20, "has_more": False, "next_cursor": None})


def test_it_needs_a_token(anonymous_client):
    assert anonymous_client.get(URL).status_code == 401


@pytest.mark.parametrize("tasks", [0, 1, 21])
def test_a_page_is_one_statement_and_an_empty_one_two(alice, alice_client, django_assert_num_queries, tasks):
    TaskFactory.create_batch(tasks, owner=alice)
    with django_assert_num_queries(1 if tasks else 2):  # without a row it is not known yet that the user is active
        page(alice_client)


@pytest.mark.parametrize(("tasks", "more"), [(2, False), (3, True)])
def test_the_last_page_has_no_cursor(alice, alice_client, tasks, more):
    TaskFactory.create_batch(tasks, owner=alice)
    _, meta = page(alice_client, limit=2)

    assert (meta["has_more"], meta["next_cursor"] is not None) == (more, more)


def test_the_limit_may_change_on_the_way(alice, alice_client):
    TaskFactory.create_batch(7, owner=alice)
    _, meta = page(alice_client, limit=2)
    items, meta = page(alice_client, limit=4, cursor=meta["next_cursor"])

    assert (len(items), meta["has_more"]) == (4, True)


def test_list_item_single_answer_and_serializer_agree_byte_for_byte(alice, alice_client):
    task = TaskFactory(owner=alice, title="牛 \u2028 <é>", status="done", created_at=MOMENT)  # no microseconds
    single = alice_client.get(f"/tasks/{task.pk}").content

    assert alice_client.get(URL).content.startswith(b'{"items":[' + single + b"]")
    assert to_json(TaskSerializer(Task.objects.get()).data) == single


@pytest.mark.parametrize("limit", ["0", "101", "9" * 5000])
def test_a_limit_out_of_range_is_refused(alice_client, limit):
    assert refusal(alice_client, limit=limit) == (400, "limit", "out_of_range")


@pytest.mark.parametrize("limit", ["", "x", "-1", "1.5", "٣", "1e3", " 5"])
def test_a_limit_that_is_no_number_is_refused(alice_client, limit):
    assert refusal(alice_client, limit=limit) == (400, "limit", "invalid")


@pytest.mark.parametrize("parameter", ["page", "order", "Limit", "format", ""])
def test_an_unknown_parameter_is_refused(alice_client, parameter):
    assert refusal(alice_client, **{parameter: "1"}) == (400, parameter, "unknown_parameter")


def test_a_repeated_parameter_is_refused(alice_client):
    assert refusal(alice_client, limit=["1", "2"]) == (400, "limit", "repeated_parameter")


@pytest.mark.parametrize("cursor", ["", "x", "a.b", "WyJhIl0.c2ln", "\0", "é", "." * 3000])
def test_a_made_up_cursor_is_refused(alice_client, cursor):
    assert refusal(alice_client, cursor=cursor) == (400, "cursor", "invalid_cursor")


def test_a_cursor_is_good_for_its_owner_alone(alice, alice_client, bob_client):
    TaskFactory.create_batch(2, owner=alice)
    _, meta = page(alice_client, limit=1)

    assert refusal(bob_client, cursor=meta["next_cursor"]) == (400, "cursor", "invalid_cursor")


def test_a_changed_cursor_is_refused(alice, alice_client):
    TaskFactory.create_batch(2, owner=alice)
    _, meta = page(alice_client, limit=1)
    changed = "A" + meta["next_cursor"][1:]

    assert refusal(alice_client, cursor=changed) == (400, "cursor", "invalid_cursor")


def test_a_cursor_outlives_a_change_of_the_secret_key(alice, alice_client, settings):
    TaskFactory.create_batch(2, owner=alice)
    _, meta = page(alice_client, limit=1)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "n" * 50

    assert len(page(alice_client, cursor=meta["next_cursor"])[0]) == 1


def test_a_cursor_whose_task_is_gone_still_works(alice, alice_client):
    oldest, middle, _ = TaskFactory.create_batch(3, owner=alice)
    _, meta = page(alice_client, limit=2)
    middle.delete()

    assert [item["id"] for item in page(alice_client, cursor=meta["next_cursor"])[0]] == [str(oldest.pk)]


def test_skip_still_works_and_says_it_is_deprecated(alice, alice_client):
    TaskFactory.create_batch(5, owner=alice)
    response = alice_client.get(URL, {"limit": 2, "skip": 2, "offset": 99})

    assert response["Deprecation"] == "@1795219200"
    assert [item["title"] for item in response.json()["items"]] == [
        item["title"] for item in page(alice_client)[0][2:4]
    ]
    assert "Deprecation" not in alice_client.get(URL)


def test_skip_is_bounded_and_points_to_the_cursor(alice_client):
    assert refusal(alice_client, skip=10_001) == (400, "skip", "out_of_range")
    assert "cursor" in alice_client.get(URL, {"skip": 10_001}).json()["errors"][0]["detail"]
    assert page(alice_client, skip=10_000)[0] == []


def test_offset_is_ignored_even_twice(alice, alice_client):
    TaskFactory(owner=alice)

    assert len(page(alice_client, offset=["1", "x"])[0]) == 1


def test_skip_and_cursor_together_are_refused(alice_client):
    assert refusal(alice_client, skip=1, cursor="x") == (400, "skip", "conflicting_parameter")


def crowd(owner, same, spread):
    """`same` tasks of one instant among `spread` tasks of their own instants."""
    times = [MOMENT] * same + [MOMENT + timedelta(seconds=n - spread // 2) for n in range(spread)]
    return Task.objects.bulk_create((Task(owner=owner, title="t", created_at=time) for time in times), batch_size=2000)


def test_among_thousands_of_one_instant_and_while_others_come_and_go_no_task_is_lost_or_doubled(db):
    alice, chance = UserFactory(), random.Random(7)
    stable = crowd(alice, 3000, 2000)
    doomed = crowd(alice, 300, 300)

    def others_come_and_go():
        crowd(alice, 20, 20)
        for task in chance.sample(doomed, 10):
            Task.objects.filter(pk=task.pk).delete()

    seen = walk(client_of(alice), 100, others_come_and_go)
    assert len(seen) == len(set(seen))
    assert {str(task.pk) for task in stable} <= set(seen)


def test_small_pages_within_one_instant_keep_the_order(alice, alice_client):
    crowd(alice, 30, 0)

    assert walk(alice_client, 7) == [
        str(pk) for pk in Task.objects.order_by("-created_at", "-id").values_list("id", flat=True)
    ]
