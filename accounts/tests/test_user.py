"""What the users table and the command line hold to."""

import pytest
from django.contrib.auth import get_user_model
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.checks import letters_beyond_ascii_have_two_cases
from accounts.tests.factories import UserFactory

User = get_user_model()


def refused_by(constraint, change, **fields):
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        User.objects.filter(pk=change.pk).update(**fields)


def test_the_database_refuses_a_name_that_differs_only_in_case(alice, bob):
    refused_by("users_username_lower_key", bob, username="ALICE")


def test_the_database_refuses_a_name_too_short(alice):
    refused_by("users_username_length", alice, username="al")


def test_the_database_refuses_a_verified_nothing(alice):
    refused_by("users_verified_email_exists", alice, email_verified_at=timezone.now())


def test_the_database_refuses_one_verified_address_for_two(alice, bob):
    User.objects.filter(pk=alice.pk).update(email="A@example.com", email_verified_at=timezone.now())
    refused_by("users_verified_email_lower_key", bob, email="a@Example.com", email_verified_at=timezone.now())


def test_the_name_is_looked_up_through_its_index(db, django_assert_num_queries):
    User.objects.bulk_create(User(username=f"user{n}") for n in range(2000))
    with transaction.atomic(), django_assert_num_queries(1) as captured:
        User.objects.get_by_natural_key("USER1999")
    assert "users_username_lower_key" in explain(captured[0]["sql"])


def explain(sql):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("ANALYZE users")
        cursor.execute(f"EXPLAIN {sql}")
        return "\n".join(row[0] for row in cursor.fetchall())


def test_keys_are_version_7_and_grow(db):
    first, second = UserFactory(), UserFactory()

    assert first.pk.version == 7
    assert first.pk < second.pk


def test_createsuperuser_makes_an_admin(db, monkeypatch):
    monkeypatch.setenv("DJANGO_SUPERUSER_PASSWORD", "correct horse")
    call_command("createsuperuser", "--noinput", username="Root")

    assert User.objects.get(is_superuser=True, is_staff=True).check_password("correct horse")


def test_createsuperuser_normalizes_before_it_validates(db):
    with pytest.raises(CommandError, match="spaces, control"):
        call_command("createsuperuser", "--noinput", username="xx\ufdfa")


def test_staff_who_change_an_address_leave_it_unverified(alice, client):
    alice.is_staff = alice.is_superuser = True
    alice.email, alice.email_verified_at = "old@example.com", timezone.now()
    alice.save()
    client.force_login(alice)
    client.post(f"/admin/accounts/user/{alice.pk}/change/", {"username": "alice", "email": "new@example.com"})
    alice.refresh_from_db()

    assert (alice.email, alice.email_verified_at) == ("new@example.com", None)


def test_a_database_without_case_beyond_ascii_is_refused(db, monkeypatch):
    monkeypatch.setattr("accounts.checks.PROBE", "SELECT lower('A' COLLATE \"C\") = 'b'")

    assert [error.id for error in letters_beyond_ascii_have_two_cases(None, ["default"])] == ["accounts.E001"]


def test_createsuperuser_refuses_a_taken_name_in_a_sentence(alice):
    with pytest.raises(CommandError, match="Username already exists"):
        call_command("createsuperuser", "--noinput", username="ALICE")
