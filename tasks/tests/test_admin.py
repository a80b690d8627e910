"""Tasks, for staff."""

import re

import pytest
from django.db import connection

from accounts.tests.factories import UserFactory
from events.models import Actor, Via
from taskhub.tests.pages import form_of, listed, plan_of_rows, statements
from tasks.models import Status
from tasks.tests.factories import TaskFactory

URL = "/admin/tasks/task/"
USERS = "/admin/accounts/user/"


def page_of(task, name="change"):
    return f"{URL}{task.pk}/{name}/"


def found(client, **query):
    return listed(client.get(URL, query), "short_title")


def save(client, task, **fields):
    response = client.post(page_of(task), {**form_of(client.get(page_of(task))), **fields})
    task.refresh_from_db()
    return response


def test_the_newest_come_first_with_a_link_to_their_owner(boss_client, alice):
    TaskFactory(title="Milk")
    TaskFactory(title="Bread", owner=alice)

    assert found(boss_client) == ["Bread", "Milk"]
    assert f'<a href="/admin/accounts/user/{alice.pk}/change/">alice</a>' in boss_client.get(URL).content.decode()


def test_search_knows_words_owners_and_ids(boss_client, alice):
    milk = TaskFactory(title="Buy milk", owner=alice)
    TaskFactory(title="Sell milk")
    searches = ["buy MILK", "@Alice", "@alice milk", str(milk.pk), str(alice.pk)]

    assert [found(boss_client, q=search) for search in searches] == [["Buy milk"]] * 5
    assert [found(boss_client, q=search) for search in ("bread", "@nobody", "@alice bread")] == [[]] * 3


def test_a_filter_narrows_the_list(boss_client):
    TaskFactory(title="Milk", status=Status.CANCELLED)
    TaskFactory()

    assert found(boss_client, status__exact="cancelled") == ["Milk"]


@pytest.mark.parametrize("query", ["", "?q=Task", "?status__exact=todo"])
def test_the_list_costs_the_same_for_one_and_for_thirty(boss_client, query):
    TaskFactory()
    few = len(statements(boss_client, URL + query))
    TaskFactory.create_batch(30)

    assert len(statements(boss_client, URL + query)) == few


def test_the_list_leaves_the_descriptions_where_they_are(boss_client):
    TaskFactory()

    assert not [sql for sql in statements(boss_client, URL) if '"description"' in sql]


@pytest.fixture
def many_tasks(alice):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO tasks (id, owner_id, title, description, status, created_at, updated_at)"
            " SELECT gen_random_uuid(), %s, 'Task ' || n, '', 'todo', now(), now() FROM generate_series(1, 20000) AS n",
            [alice.pk],
        )
        cursor.execute("ANALYZE tasks")


def test_the_list_reads_an_index_and_ends(boss_client, many_tasks):
    plan = plan_of_rows(boss_client, URL, "tasks")
    page = boss_client.get(URL, {"p": 9999})

    assert "tasks_pkey" in plan
    assert "Sort" not in plan
    assert re.search("the newest 10,000 of about [0-9,]+ tasks", page.content.decode())
    assert len(listed(page, "short_title")) == 100


def test_the_oldest_come_first_by_the_same_index(boss_client, many_tasks):
    plan = plan_of_rows(boss_client, f"{URL}?o=4", "tasks")

    assert "tasks_pkey" in plan
    assert "Sort" not in plan


def test_a_long_title_is_cut_in_the_list(boss_client):
    TaskFactory(title="🎉" * 200)

    assert listed(boss_client.get(URL), "short_title") == ["🎉" * 79 + "…"]


def test_the_tasks_of_an_owner_are_found_by_an_index(boss_client, many_tasks):
    TaskFactory(owner=UserFactory(username="bob"))

    assert "tasks_owner_" in plan_of_rows(boss_client, f"{URL}?q=@bob", "tasks")


def test_staff_corrects_a_task_and_the_owner_stays(boss_client, alice, bob):
    task = TaskFactory(owner=alice)
    save(boss_client, task, title="Milk", status="done", owner=str(bob.pk))

    assert (task.title, task.status, task.owner) == ("Milk", "done", alice)
    assert task.completed_at == task.updated_at


def test_lines_of_a_description_stay_as_they_were(boss_client):
    task = TaskFactory(description=" one\n two\n")
    save(boss_client, task, title="Milk", description=" one\r\n two\r\n")

    assert (task.title, task.description) == ("Milk", " one\n two\n")


def test_a_change_of_staff_is_a_version_and_nothing_new_is_none(boss_client):
    task = TaskFactory(title="Milk")
    for _ in range(2):
        page = form_of(boss_client.get(page_of(task)))
        boss_client.post(page_of(task), {**page, "description": "Two litres"})
    (event,) = task.owner.events.all()

    assert (event.version, event.actor, event.via, [*event.changes]) == (2, "boss", "staff", ["description"])


def test_staff_see_what_was_done_to_a_task_and_by_whom(boss_client):
    task = TaskFactory(title="Milk")
    task.change(Actor("alice", Via.API), title="<Bread>")
    page = boss_client.get(page_of(task)).content.decode()

    assert "title: Milk → &lt;Bread&gt;" in page
    assert "alice (api)" in page


def test_staff_do_not_overwrite_what_the_owner_changed_meanwhile(boss_client):
    task = TaskFactory(title="Milk")
    page = form_of(boss_client.get(page_of(task)))
    task.change(Actor("alice", Via.API), title="Bread")
    response = boss_client.post(page_of(task), {**page, "description": "Two litres"})
    task.refresh_from_db()

    assert "Someone else has changed this task meanwhile" in response.content.decode()
    assert (task.title, task.description) == ("Bread", "")


@pytest.mark.parametrize(
    "fields", [{"title": ""}, {"title": " "}, {"title": "x" * 201}, {"description": "x" * 10_001}, {"status": "lost"}]
)
def test_what_a_task_cannot_be_is_an_error_of_the_form(boss_client, fields):
    task = TaskFactory(title="Milk")
    response = save(boss_client, task, **fields)

    assert response.status_code == 200
    assert response.context["errors"]
    assert task.title == "Milk"


def test_staff_makes_no_tasks(boss_client):
    assert boss_client.get(f"{URL}add/").status_code == 403


def test_the_page_of_an_owner_costs_the_same_for_one_and_for_thirty_tasks(boss_client, alice):
    paths = [f"{USERS}{alice.pk}/change/", f"{USERS}{alice.pk}/delete/"]
    few = [len(statements(boss_client, path)) for path in paths]
    TaskFactory.create_batch(30, owner=alice)

    assert [len(statements(boss_client, path)) for path in paths] == few


def test_who_deletes_a_user_is_told_how_many_tasks_go_too(boss_client, alice):
    TaskFactory.create_batch(3, owner=alice)
    page = boss_client.get(f"{USERS}{alice.pk}/delete/")

    assert re.search(r"Tasks:\s+3<", page.content.decode())


def test_a_user_leads_to_what_belongs_to_them(boss_client, alice):
    task = TaskFactory(owner=alice)
    TaskFactory()
    page = boss_client.get(f"{USERS}{alice.pk}/change/").content.decode()
    links = re.findall(r'href="(/admin/[^"]*\?q=[^"]*)"', page)

    others = ("comment", "label", "savedfilter", "tasklist", "task")
    lists = ("jobs/job", "accounts/securityevent", *(f"tasks/{one}" for one in others), "tickets/plan")
    assert sorted(links) == sorted(f"/admin/{one}/?q={alice.pk}" for one in lists)
    assert listed(boss_client.get(f"/admin/tasks/task/?q={alice.pk}"), "short_title") == [task.title]
