"""No way of writing a task or an account forgets its event: a trigger counts the rows that change, whoever writes."""

from collections import Counter
from datetime import datetime

import pytest
from django.core.management import call_command
from django.db import connection

from accounts.models import User
from events.models import Event
from importers.fastapi.tasks import take_tasks
from importers.fastapi.users import take_users
from taskhub.tests.pages import form_of
from tasks.models import Task
from tasks.tests.factories import TaskFactory

LONG_AGO = datetime(2026, 1, 1)  # noqa: DTZ001 - as the FastAPI service kept times
CREDENTIALS = {"username": "carol", "password": "correct horse"}
SEEN = {"tasks": ("task", (*Task.recorded, "deleted_at")), "users": ("user", User.recorded)}
WATCH = """
    CREATE FUNCTION write_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        INSERT INTO written SELECT TG_ARGV[0], coalesce(NEW.id, OLD.id), CASE TG_OP
            WHEN 'INSERT' THEN 'created' WHEN 'DELETE' THEN 'deleted'
            ELSE CASE WHEN to_jsonb(NEW) ->> 'deleted_at' IS NULL THEN 'updated' ELSE 'deleted' END END;
        RETURN NULL;
    END $$;
    CREATE TEMPORARY TABLE written (resource text, resource_id uuid, kind text);"""


@pytest.fixture
def written(db):
    """What changed in the tables: resource, id and kind. Gone with the transaction of the test."""
    with connection.cursor() as cursor:
        cursor.execute(WATCH)
        for table, (resource, columns) in SEEN.items():
            differs = " OR ".join(f"OLD.{column} IS DISTINCT FROM NEW.{column}" for column in columns)
            for event, condition in (("INSERT OR DELETE", ""), ("UPDATE", f"WHEN ({differs})")):
                cursor.execute(
                    f"CREATE TRIGGER {table}_{event[:6]} AFTER {event} ON {table} FOR EACH ROW {condition}"
                    f" EXECUTE FUNCTION write_down('{resource}')"
                )

    def rows():
        with connection.cursor() as cursor:
            cursor.execute("SELECT resource, resource_id, kind FROM written")
            return Counter(cursor.fetchall())

    return rows


def recorded():
    watched = [resource for resource, _ in SEEN.values()]
    return Counter(Event.objects.filter(resource__in=watched).values_list("resource", "resource_id", "kind"))


@pytest.fixture
def task(alice):
    return TaskFactory(owner=alice)


@pytest.fixture
def page(boss_client, task):
    return f"/admin/tasks/task/{task.pk}/"


def by_api(request):
    client, task = request.getfixturevalue("alice_client"), request.getfixturevalue("task")
    client.post("/tasks/", {"title": "Milk"})
    client.patch(f"/tasks/{task.pk}", {"status": "done"})
    client.patch("/auth/me", {"email": "a@example.com"})
    client.delete(f"/tasks/{task.pk}")


def by_sign_up(request):
    request.getfixturevalue("anonymous_client").post("/auth/register", CREDENTIALS)
    request.getfixturevalue("anonymous_client").post("/auth/login", CREDENTIALS)


def by_batch(request):
    client, task = request.getfixturevalue("alice_client"), str(request.getfixturevalue("task").pk)
    operations = [
        {"op": "create", "task": {"title": "Milk"}},
        {"op": "create", "task": {"title": "Bread"}},
        {"op": "delete", "id": task},
    ]
    client.post("/tasks/batch", {"operations": operations})


def by_staff_a_task(request):
    client, page = request.getfixturevalue("boss_client"), request.getfixturevalue("page")
    client.post(f"{page}change/", {**form_of(client.get(f"{page}change/")), "title": "Corrected"})
    client.post(f"{page}delete/", {"post": "yes"})


def by_staff_many_tasks(request):
    chosen = {"action": "delete_selected", "_selected_action": [request.getfixturevalue("task").pk], "post": "yes"}
    request.getfixturevalue("boss_client").post("/admin/tasks/task/", chosen)


def by_staff_an_account(request):
    client, alice = request.getfixturevalue("boss_client"), request.getfixturevalue("alice")
    page = f"/admin/accounts/user/{alice.pk}/change/"
    client.post(page, {**form_of(client.get(page)), "email": "a@example.com"})
    client.post("/admin/accounts/user/", {"action": "deactivate", "_selected_action": [alice.pk]})
    password = {"password1": "correct horse battery", "password2": "correct horse battery"}
    client.post("/admin/accounts/user/add/", {"username": "dave", "usable_password": "true", **password})


def by_commands(request):
    call_command("seed_demo", users=2, tasks=5, verbosity=0)
    User.objects.create_superuser("root", "correct horse")


def by_import(request):
    row = {"id": "5f0c2d4e-0000-4000-8000-000000000001", "created_at": LONG_AGO}
    take_users([{**row, "username": "erin", "hashed_password": "x"}])
    take_tasks([{**row, "owner_id": row["id"], "title": "Milk", "description": None}])


OF_STAFF = [by_staff_a_task, by_staff_many_tasks, by_staff_an_account]


@pytest.mark.parametrize("write", [by_api, by_sign_up, by_batch, *OF_STAFF, by_commands, by_import])
def test_each_row_that_changed_has_its_event(request, alice, bob, boss, task, page, alice_client, boss_client, write):
    changed = request.getfixturevalue("written")
    write(request)

    assert changed()
    assert recorded() == changed()


def test_a_writer_that_forgets_is_found(written, alice):
    Task.objects.create(owner=alice, title="Milk")

    assert recorded() != written()


def test_with_an_account_all_of_its_events_go(alice, boss_client, task, alice_client):
    alice_client.post("/tasks/", {"title": "Milk"})
    boss_client.post(f"/admin/accounts/user/{alice.pk}/delete/", {"post": "yes"})

    assert not User.objects.filter(pk=alice.pk).exists()
    assert not Event.objects.exists()
