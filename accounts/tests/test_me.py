import pytest
from django.utils import timezone

URL = "/auth/me"


def test_the_caller_sees_the_own_account(alice, alice_client):
    answer = alice_client.get(URL).json()

    assert answer["id"] == str(alice.pk)
    assert list(answer) == [
        "id",
        "username",
        "email",
        "email_verified_at",
        "created_at",
        "name",
        "time_zone",
        "version",
    ]


def test_a_new_address_has_to_be_verified_anew(alice, alice_client):
    alice.email, alice.email_verified_at = "old@example.com", timezone.now()
    alice.save()
    response = alice_client.patch(URL, {"email": "new@example.com"})
    alice.refresh_from_db()

    assert (response.status_code, response.json()["email"]) == (200, "new@example.com")
    assert alice.email_verified_at is None


def test_the_same_address_stays_verified(alice, alice_client):
    alice.email, alice.email_verified_at = "old@example.com", timezone.now()
    alice.save()
    alice_client.patch(URL, {"email": "old@example.com"})
    alice.refresh_from_db()

    assert alice.email_verified_at is not None


def test_null_clears_the_address(alice, alice_client):
    alice.email = "old@example.com"
    alice.save()

    assert alice_client.patch(URL, {"email": None}).json()["email"] is None


def test_an_empty_patch_changes_nothing(alice, alice_client, django_assert_num_queries):
    alice.email = "old@example.com"
    alice.save()
    with django_assert_num_queries(4):  # the user check, and a transaction that locks the row
        assert alice_client.patch(URL, {}).json()["email"] == "old@example.com"


def test_an_account_may_be_sent_back_whole(alice_client):
    account = alice_client.get(URL).json()

    assert alice_client.patch(URL, account).json() == account


@pytest.mark.parametrize("field", ["id", "username", "created_at"])
def test_what_cannot_change_is_refused(alice_client, field):
    response = alice_client.patch(URL, {field: "x"})

    assert response.status_code == 400
    assert response.json()["errors"] == [
        {"pointer": f"/{field}", "code": "read_only_field", "detail": "This field cannot be set."}
    ]
