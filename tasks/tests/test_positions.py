"""The manual order: keys, and tasks that are moved."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from jobs.testing import drain
from tasks import moving
from tasks.models import Task
from tasks.positions import LONG, LONGEST, after, between, key_of, spread
from tasks.tests.factories import TaskFactory

KEYS = st.text("0123456789abcdef", min_size=1, max_size=30).filter(lambda key: not key.endswith("0"))


@given(KEYS, KEYS)
def test_between_two_keys_there_is_another_one_and_none_shorter(one, other):
    low, high = sorted((one, other))
    if low == high:
        with pytest.raises(ValueError, match="is not before"):
            between(low, high)
        return
    key = between(low, high)

    assert low < key < high
    assert not key.endswith("0")
    assert len(key) <= max(len(low), len(high)) + 1


@given(KEYS)
def test_there_is_one_before_and_one_after_any_key(key):
    assert "" < between("", key) < key < after(key) or len(key) < 13


@given(KEYS, KEYS, st.integers(1, 50))
def test_keys_are_spread_in_order(one, other, number):
    low, high = sorted((one, other))
    if low < high:
        keys = [low, *spread(low, high, number), high]
        assert keys == sorted(set(keys))
        assert len(keys) == number + 2


def test_ten_thousand_random_moves_keep_the_order_and_the_keys_short():
    chosen = random.Random(3)
    tasks = [Task.new(title="x") for _ in range(200)]
    keys = sorted(key_of(task.created_at, task.pk) for task in tasks)
    longest = 0
    for _ in range(10_000):
        keys.pop(chosen.randrange(len(keys)))
        place = chosen.randrange(len(keys) + 1)
        low = keys[place - 1] if place else ""
        key = between(low, keys[place]) if place < len(keys) else after(low)
        assert low < key
        assert place == len(keys) or key < keys[place]
        keys.insert(place, key)
        longest = max(longest, len(key))

    assert len(set(keys)) == 200
    assert longest <= 30


def order(client):
    return [task["title"] for task in client.get("/tasks/?sort=position&limit=100").json()["items"]]


@pytest.fixture
def tasks(alice):
    """a to e, in the order in which they were made."""
    return {title: TaskFactory(owner=alice, title=title) for title in "abcde"}


def move(client, task, **anchor):
    ((where, other),) = anchor.items()
    return client.post(f"/tasks/{task.pk}/move", {where: str(other.pk)})


def test_a_task_is_put_before_or_after_another(alice_client, tasks):
    assert order(alice_client) == list("abcde")
    for title, where, anchor in (("e", "before", "a"), ("a", "after", "d"), ("c", "after", "a"), ("b", "before", "d")):
        assert move(alice_client, tasks[title], **{where: tasks[anchor]}).status_code == 200

    assert order(alice_client) == list("ebdac")


def test_one_row_is_written_and_said_again_nothing_changes(alice_client, tasks):
    first = move(alice_client, tasks["e"], before=tasks["b"]).json()
    second = move(alice_client, tasks["e"], before=tasks["b"]).json()

    assert first == second == alice_client.get(f"/tasks/{tasks['e'].pk}").json()
    assert sorted(Task.objects.values_list("version", flat=True)) == [1, 1, 1, 1, 2]


def test_random_moves_end_in_the_order_of_a_plain_list(alice_client, tasks):
    chosen, model = random.Random(5), list("abcde")
    for _ in range(60):
        title, anchor = chosen.sample(model, 2)
        where = chosen.choice(["before", "after"])
        move(alice_client, tasks[title], **{where: tasks[anchor]})
        model.remove(title)
        model.insert(model.index(anchor) + (where == "after"), title)

    assert order(alice_client) == model


def test_a_task_goes_between_two_that_have_one_key(alice, alice_client, tasks):
    """Such as many that were brought along with one time."""
    Task.objects.filter(title__in="bcd").update(position="58")
    move(alice_client, tasks["e"], after=tasks["b"])

    assert [title for title in order(alice_client) if title in "bcde"] == list("becd")


def squeeze(client, tasks, times):
    """Puts two tasks right after b by turns, so that the gap there becomes smaller and smaller."""
    for n in range(times):
        assert move(client, tasks["d" if n % 2 else "e"], after=tasks["b"]).status_code == 200


def longest():
    return max(map(len, Task.objects.values_list("position", flat=True)))


def test_keys_that_have_grown_long_are_evened_out_by_a_job(alice_client, tasks):
    squeeze(alice_client, tasks, 200)
    before = order(alice_client)
    assert LONG < longest() < LONGEST

    assert set(drain("even_out_positions").values()) == {"succeeded"}
    assert order(alice_client) == before
    assert longest() < LONG


def test_without_the_job_a_key_never_exceeds_its_column(alice_client, tasks, monkeypatch):
    monkeypatch.setattr(moving, "enqueue", lambda *args: None)
    monkeypatch.setattr(moving, "LONGEST_KEPT", 30)
    squeeze(alice_client, tasks, 120)

    assert longest() <= 32


@pytest.mark.parametrize(
    "body", [{}, {"before": None}, {"before": "x"}, {"before": "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c"}]
)
def test_what_is_no_place_is_refused(alice_client, tasks, body):
    assert alice_client.post(f"/tasks/{tasks['a'].pk}/move", body).status_code == 400


def test_neither_itself_nor_a_task_of_somebody_else_nor_one_in_the_trash_is_a_place(alice_client, bob, tasks):
    alice_client.delete(f"/tasks/{tasks['b'].pk}")
    for anchor in (tasks["a"], TaskFactory(owner=bob), tasks["b"]):
        assert move(alice_client, tasks["a"], before=anchor).json()["errors"][0]["code"] == "does_not_exist"
    both = {name: str(tasks["c"].pk) for name in ("before", "after")}
    assert alice_client.post(f"/tasks/{tasks['a'].pk}/move", both).status_code == 400
