"""Users, for staff: what they see, and what only superusers may do."""

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from taskhub.tests.pages import act, form_of, listed, plan_of_rows, statements

URL = "/admin/accounts/user/"
NEW = {"password1": PASSWORD, "password2": PASSWORD}
EVERY_RIGHT = {"is_staff": "on", "is_superuser": "on"}


def page_of(user, name="change"):
    return f"{URL}{user.pk}/{name}/"


def found(client, **query):
    return listed(client.get(URL, query), "account")


def save(client, user, **fields):
    """Changes fields in the form and leaves the rest as it is."""
    return client.post(page_of(user), {**form_of(client.get(page_of(user))), **fields})


def test_the_newest_come_first(boss, boss_client):
    UserFactory(username="alice")
    UserFactory(username="bob")

    assert found(boss_client) == ["bob", "alice", "boss"]


@pytest.mark.parametrize(
    ("term", "names"),
    [
        ("ali", ["alice"]),
        ("ALICE", ["alice"]),
        ("ａｌｉ", ["alice"]),
        ("lice", []),
        ("a%", []),
        ("A@Example.com", ["alice"]),
    ],
)
def test_search_knows_the_beginning_of_a_name_and_a_whole_address(boss_client, term, names):
    UserFactory(username="alice", email="a@example.com")

    assert found(boss_client, q=term) == names


def test_search_knows_an_id(boss_client, alice):
    UserFactory(username=alice.pk.hex)

    assert found(boss_client, q=str(alice.pk)) == ["alice"]
    assert found(boss_client, q=str(alice.pk).upper()) == ["alice"]
    assert found(boss_client, q=alice.pk.hex) == [alice.pk.hex]


def test_filters_narrow_the_list(boss_client, alice):
    UserFactory(username="carol", email="c@example.com", email_verified_at=timezone.now())

    assert found(boss_client, verified="1") == ["carol"]
    assert found(boss_client, verified="0", is_staff__exact="0") == ["alice"]


def test_the_list_costs_the_same_for_one_and_for_thirty(boss_client):
    few = len(statements(boss_client, URL))
    UserFactory.create_batch(30)

    assert len(statements(boss_client, URL)) == few


@pytest.fixture
def many_users(boss):
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO users (id, username, password, is_active, is_staff, is_superuser, created_at)"
            " SELECT gen_random_uuid(), 'user' || n, '', true, false, false, now() FROM generate_series(1, 20000) AS n"
        )
        cursor.execute("ANALYZE users")


@pytest.mark.parametrize(("query", "index"), [("", "users_pkey"), ("?q=user77", "users_username_lower_key")])
def test_list_and_search_read_an_index(boss_client, many_users, query, index):
    plan = plan_of_rows(boss_client, URL + query, "users")

    assert index in plan
    assert "Seq Scan" not in plan


def test_a_new_user_gets_the_name_in_its_normal_form(boss_client):
    response = boss_client.post(f"{URL}add/", {"username": " Ａｌｉｃｅ２ ", **NEW})

    assert response.status_code == 302
    assert User.objects.get(username="Alice2").check_password(PASSWORD)


@pytest.mark.parametrize(
    ("username", "said"),
    [
        ("ALICE", "already exists"),
        ("ａlice", "already exists"),
        ("al", "at least 3"),
        ("", "required"),
        ("a b c", "may not hold"),
        ("a\u200bbc", "may not hold"),
        ("x" * 51, "at most 50"),
        ("ﷺ" * 10, "at most 50"),
        ("x" * 100_000, "at most 50"),
    ],
)
def test_a_name_that_cannot_be_is_an_error_of_the_form(boss_client, alice, username, said):
    response = boss_client.post(f"{URL}add/", {"username": username, **NEW})

    assert response.status_code == 200
    assert said in str(response.context["errors"])


def test_another_name_is_held_to_the_same_rules(boss_client, alice, bob):
    assert "already exists" in str(save(boss_client, alice, username="BOB").context["errors"])


def test_another_address_has_to_be_verified_anew(boss_client):
    carol = UserFactory(email="c@example.com", email_verified_at=timezone.now())
    UserFactory(email="d@example.com", email_verified_at=timezone.now())

    assert save(boss_client, carol, email="d@example.com").status_code == 302
    carol.refresh_from_db()
    assert (carol.email, carol.email_verified_at) == ("d@example.com", None)


def test_an_address_may_be_taken_away(boss_client):
    carol = UserFactory(email="c@example.com", email_verified_at=timezone.now())
    save(boss_client, carol, email="")
    carol.refresh_from_db()

    assert (carol.email, carol.email_verified_at) == (None, None)


def test_an_unverified_address_of_somebody_else_is_no_obstacle(boss_client, alice):
    UserFactory(email="a@example.com", email_verified_at=timezone.now())
    User.objects.filter(pk=alice.pk).update(email="a@example.com")

    assert save(boss_client, alice, username="alice2").status_code == 302


def test_deactivating_says_so_in_the_log(boss, boss_client, alice, bob):
    act(boss_client, URL, "deactivate", alice, bob)

    assert User.objects.filter(is_active=False).count() == 2
    assert set(LogEntry.objects.values_list("user", "object_id", "change_message")) == {
        (boss.pk, str(alice.pk), "Deactivated."),
        (boss.pk, str(bob.pk), "Deactivated."),
    }


def test_activating_touches_those_alone_who_were_not(boss_client, alice, bob):
    User.objects.filter(pk=alice.pk).update(is_active=False)
    response = act(boss_client, URL, "activate", alice, bob)

    assert "Activated 1 of the selected users." in response.content.decode()
    assert list(LogEntry.objects.values_list("object_id", flat=True)) == [str(alice.pk)]


def test_deactivating_costs_the_same_for_two_and_for_thirty(boss_client, django_assert_max_num_queries):
    act(boss_client, URL, "deactivate", *UserFactory.create_batch(2))
    users = UserFactory.create_batch(30)
    with django_assert_max_num_queries(25):
        act(boss_client, URL, "deactivate", *users)


def test_nobody_deactivates_oneself(boss, boss_client):
    act(boss_client, URL, "deactivate", boss)
    save(boss_client, boss, email="boss@example.com", is_active="", is_superuser="")
    boss.refresh_from_db()

    assert (boss.email, boss.is_active, boss.is_superuser) == ("boss@example.com", True, True)


def test_an_action_takes_those_that_are_ticked_and_no_others(boss_client, alice, bob):
    data = {"action": "deactivate", "_selected_action": [alice.pk], "index": 0, "select_across": 1}
    boss_client.post(URL, data)

    assert list(User.objects.filter(is_active=False)) == [alice]


@pytest.mark.parametrize("pk", ["x", "", "\x00"])
def test_a_tick_that_names_nobody_is_a_bad_request(boss_client, pk):
    data = {"action": "deactivate", "_selected_action": [pk], "index": 0}

    assert boss_client.post(URL, data).status_code == 400


def test_a_clerk_deactivates_users_and_no_staff(clerk_client, boss, alice):
    act(clerk_client, URL, "deactivate", boss, alice, UserFactory(is_staff=True))

    assert list(User.objects.filter(is_active=False)) == [alice]


def test_a_clerk_gives_nobody_rights(clerk, clerk_client, alice):
    save(clerk_client, alice, email="alice@example.com", user_permissions="1", **EVERY_RIGHT)
    clerk_client.post(page_of(clerk), {"username": "clerk", "is_active": "on", **EVERY_RIGHT})
    clerk_client.post(f"{URL}add/", {"username": "helper", **NEW, **EVERY_RIGHT})
    alice.refresh_from_db()

    assert alice.email == "alice@example.com"
    assert User.objects.filter(username="helper").exists()
    assert list(User.objects.filter(is_superuser=True)) == []
    assert list(User.objects.filter(is_staff=True)) == [clerk]
    assert not alice.user_permissions.exists()


@pytest.mark.parametrize("page", ["change", "password"])
def test_a_clerk_changes_no_staff(clerk_client, boss, page):
    colleague = UserFactory(is_staff=True)
    for user in (boss, colleague):
        response = clerk_client.post(page_of(user, page), {"username": "mine", **NEW})
        assert response.status_code == 403
        assert User.objects.get(pk=user.pk).password == user.password


def test_a_clerk_sets_the_password_of_a_user(clerk_client, alice):
    clerk_client.post(page_of(alice, "password"), {"password1": "another horse", "password2": "another horse"})
    alice.refresh_from_db()

    assert alice.check_password("another horse")


def test_a_clerk_deletes_nobody(clerk_client, alice):
    assert clerk_client.post(page_of(alice, "delete"), {"post": "yes"}).status_code == 403
    act(clerk_client, URL, "delete_selected", alice)

    assert User.objects.filter(pk=alice.pk).exists()


def test_groups_are_for_superusers(boss_client, clerk_client):
    group = Group.objects.create(name="helpers")
    paths = ["/admin/auth/group/", "/admin/auth/group/add/", f"/admin/auth/group/{group.pk}/change/"]

    assert [clerk_client.get(path).status_code for path in paths] == [403] * 3
    assert [boss_client.get(path).status_code for path in paths] == [200] * 3


def test_a_superuser_deletes_a_user(boss_client, alice):
    boss_client.post(page_of(alice, "delete"), {"post": "yes"})

    assert not User.objects.filter(pk=alice.pk).exists()


def test_a_superuser_deletes_not_oneself(boss, boss_client):
    assert "deletelink" not in boss_client.get(page_of(boss)).content.decode()
    assert boss_client.post(page_of(boss, "delete"), {"post": "yes"}).status_code == 403
    act(boss_client, URL, "delete_selected", boss)
    boss_client.post(URL, {"action": "delete_selected", "_selected_action": [boss.pk], "post": "yes"})

    assert User.objects.filter(pk=boss.pk).exists()
