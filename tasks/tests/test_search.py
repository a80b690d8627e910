"""Full-text search over titles, descriptions and comments."""

import pytest
from django.db import connection

from tasks.models import TaskSearch
from tasks.tests.factories import CommentFactory, TaskFactory


def found(client, q, **query):
    answer = client.get("/tasks/", {"q": q, **query})
    assert answer.status_code == 200, answer.json()
    return {task["title"] for task in answer.json()["items"]}


@pytest.mark.parametrize(
    ("title", "q"),
    [
        ("Buy milk and bread", "bread milk"),
        ("Buy milk and bread", "MIL"),
        ("Crème brûlée", "creme BRULEE"),
        ("Straße kehren", "strasse"),
        ("Купить ёлку", "елку"),
        ("Łukasz anrufen", "lukasz"),
        ("购买牛奶和面包", "牛奶"),
        ("购买牛奶和面包", "面"),
        ("牛乳を買う", "買う"),
        ("우유를 사다", "우유"),
        ("ซื้อนมสด", "นม"),
        ("شراء الحليب", "الحليب"),
        ("Call O'Brien (TASK-12)", "task 12"),
        ("Fix a.b.c/d_e", "d_e"),
        ("ﬁne print", "fine"),
        ("x² + 1", "x2"),
        ("Go to B", "b"),
        ("🎉 party", "party 🎉"),
    ],
)
def test_a_task_is_found_by_its_words_in_any_script(alice, alice_client, title, q):
    TaskFactory(owner=alice, title=title)
    TaskFactory(owner=alice, title="Something else: 别的")

    assert found(alice_client, q) == {title}


@pytest.mark.parametrize("q", ["奶牛", "bre milk cheese", "il", "read", "b"])
def test_what_is_not_there_is_not_found(alice, alice_client, q):
    """Characters of another order; one word of several; the middle or end of a word; a letter that begins one."""
    TaskFactory(owner=alice, title="Buy bread, milk 牛奶")

    assert found(alice_client, q) == set()


def test_descriptions_and_comments_are_searched_with_the_title(alice, alice_client):
    task = TaskFactory(owner=alice, title="Cake", description="With **cherries**.")
    comment = CommentFactory(task=task, text="The oven is broken.")
    assert found(alice_client, "cake cherries oven") == {"Cake"}

    alice_client.patch(f"/tasks/{task.pk}/comments/{comment.pk}", {"text": "It works again."})
    assert (found(alice_client, "oven"), found(alice_client, "works")) == (set(), {"Cake"})
    alice_client.delete(f"/tasks/{task.pk}/comments/{comment.pk}")
    alice_client.patch(f"/tasks/{task.pk}", {"description": ""})
    assert (found(alice_client, "works"), found(alice_client, "cherries"), found(alice_client, "cake")) == (
        set(),
        set(),
        {"Cake"},
    )


def test_the_own_tasks_alone_are_searched_without_the_trash(alice, bob, alice_client):
    TaskFactory(owner=bob, title="Milk of bob")
    gone = TaskFactory(owner=alice, title="Milk")
    alice_client.delete(f"/tasks/{gone.pk}")
    assert found(alice_client, "milk") == set()

    alice_client.post(f"/tasks/{gone.pk}/restore")
    assert found(alice_client, "milk") == {"Milk"}


def test_by_relevance_the_title_counts_more_in_pages(alice, alice_client):
    for n in range(3):
        TaskFactory(owner=alice, title=f"Bread {n}", description="milk")
    TaskFactory(owner=alice, title="Milk")
    first = alice_client.get("/tasks/?q=milk&sort=relevance&limit=2").json()
    second = alice_client.get(f"/tasks/?q=milk&sort=relevance&limit=2&cursor={first['meta']['next_cursor']}").json()
    titles = [task["title"] for page in (first, second) for task in page["items"]]

    assert titles == ["Milk", "Bread 2", "Bread 1", "Bread 0"]
    assert "relevance" not in first["items"][0]


@pytest.mark.parametrize("q", ["a & b", "!milk", "milk:*", "'milk'", "(", "a <-> b |", "\\", "%", "🎉 a"])
def test_no_character_is_an_operator(alice_client, q):
    answer = alice_client.get("/tasks/", {"q": q})

    assert answer.status_code in (200, 400)


def test_a_text_of_the_greatest_length_is_searched(alice, alice_client):
    task = TaskFactory(owner=alice, title="Long", description=" ".join(f"word{n}" for n in range(1100)))
    for n in range(12):
        CommentFactory(task=task, text=" ".join(f"{n}x{m}" for m in range(1400)))

    assert found(alice_client, "word1099 11x1399") == {"Long"}


def test_as_many_different_words_as_there_can_be_are_kept(alice, alice_client):
    """Characters of four bytes, each a word of its own: the largest text that is searched."""
    task = TaskFactory(owner=alice, title="Large")
    characters = [chr(number) for number in range(0x20000, 0x2A000)] + [
        chr(number) for number in range(0x30000, 0x31000)
    ]
    for first in range(0, len(characters), 9000):
        text = "".join(characters[first : first + 9000])
        assert alice_client.post(f"/tasks/{task.pk}/comments", {"text": text}).status_code == 201

    assert found(alice_client, characters[-1]) == {"Large"}


def test_each_task_that_is_there_has_its_words_whoever_wrote_it(alice):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks (id, owner_id, title, description, status, created_at, updated_at)"
            " VALUES (gen_random_uuid(), %s, 'Milk', '', 'todo', now(), now())",
            [alice.pk],
        )

    assert TaskSearch.objects.get().document == "'milk':1A"
