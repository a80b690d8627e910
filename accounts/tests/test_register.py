from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from accounts.models import User
from accounts.tests.factories import PASSWORD
from conftest import client_of

URL = "/auth/register"


def errors_of(response):
    return [(error["pointer"], error["code"]) for error in response.json()["errors"]]


def test_a_new_user_is_answered_without_the_password(anonymous_client):
    response = anonymous_client.post(URL, {"username": "carol", "password": PASSWORD, "email": "carol@example.com"})

    assert response.status_code == 201
    assert list(response.json()) == [
        "id",
        "username",
        "email",
        "email_verified_at",
        "created_at",
        "name",
        "time_zone",
        "version",
    ]
    assert response.json()["id"] == str(User.objects.get(username="carol").pk)
    assert response.json()["created_at"].endswith("Z")


def test_the_address_is_optional(anonymous_client):
    assert anonymous_client.post(URL, {"username": "carol", "password": PASSWORD}).json()["email"] is None


def test_signing_up_takes_four_statements_in_a_transaction(anonymous_client, django_assert_num_queries):
    with django_assert_num_queries(6):  # the user, its events and the welcome job; savepoint and release
        anonymous_client.post(URL, {"username": "carol", "password": PASSWORD})


@pytest.mark.parametrize("taken", ["alice", "ALICE", " alice ", "ａｌｉｃｅ"])
def test_a_name_is_taken_in_any_case_and_spelling(anonymous_client, alice, taken):
    response = anonymous_client.post(URL, {"username": taken, "password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == (400, "username_taken")
    assert response.json()["detail"] == "Username already exists"
    assert errors_of(response) == [("/username", "username_taken")]
    assert User.objects.count() == 1


@pytest.mark.parametrize("name", ["Zoë", "李小龙", "Владимир", "محمد", "ΑΒΓ", "नेहा", "🦊🦊🦊", "o'brien", "a" * 50])
def test_names_of_every_script_are_kept_as_written(anonymous_client, name):
    response = anonymous_client.post(URL, {"username": name, "password": PASSWORD})

    assert (response.status_code, response.json()["username"]) == (201, name)


def test_a_name_is_normalized_before_it_is_measured(anonymous_client):
    response = anonymous_client.post(URL, {"username": "  ﬁx ", "password": PASSWORD})  # the ligature fi

    assert response.json()["username"] == "fix"


@pytest.mark.parametrize(
    "name",
    [
        "ab",
        "a" * 51,
        "",
        "   ",
        "a b c",
        "a\tbc",
        "a\u200bbc",
        "a\u202ebc",
        "a\u2028bc",
        "ab\u00ad",
        "\u2800\u2800\u2800",
        "\u3164\u3164\u3164",
        "\u0301\u0302\u0303",
        "\ufdfa",
        None,
        12345,
        True,
        ["x"],
        {},
    ],
)
def test_a_bad_name_is_refused_with_its_pointer(anonymous_client, name):
    response = anonymous_client.post(URL, {"username": name, "password": PASSWORD})

    assert (response.status_code, response.json()["code"]) == (400, "validation_error")
    assert {pointer for pointer, _ in errors_of(response)} == {"/username"}


@pytest.mark.parametrize("password", ["short12", "x" * 129, "", None, 12345678, ["password"]])
def test_a_bad_password_is_refused_with_its_pointer(anonymous_client, password):
    response = anonymous_client.post(URL, {"username": "carol", "password": password})

    assert response.status_code == 400
    assert {pointer for pointer, _ in errors_of(response)} == {"/password"}


@pytest.mark.parametrize("password", ["tr0ub4do", "x" * 128, "  spaces count  ", "пароль-密码-🔑"])
def test_a_good_password_signs_in_exactly_as_given(anonymous_client, password):
    anonymous_client.post(URL, {"username": "carol", "password": password})

    assert User.objects.get().check_password(password)


@pytest.mark.parametrize(
    "email", ["", "nobody", "a@b", 12, "x" * 250 + "@example.com", "a@example.com\nBcc: b@example.com"]
)
def test_a_bad_address_is_refused_with_its_pointer(anonymous_client, email):
    response = anonymous_client.post(URL, {"username": "carol", "password": PASSWORD, "email": email})

    assert response.status_code == 400
    assert {pointer for pointer, _ in errors_of(response)} == {"/email"}


def test_the_welcome_job_is_registered_with_the_user(anonymous_client):
    user_id = anonymous_client.post(URL, {"username": "carol", "password": PASSWORD}).json()["id"]
    job = User.objects.get(pk=user_id).jobs.get()

    assert (job.pk, job.state, job.payload) == (f"welcome_email:{user_id}", "queued", {"user_id": user_id})


def test_a_refused_sign_up_registers_no_job(anonymous_client, alice):
    anonymous_client.post(URL, {"username": "ALICE", "password": PASSWORD})

    assert not alice.jobs.model.objects.exists()


def test_every_mistake_is_named_at_once(anonymous_client):
    response = anonymous_client.post(URL, {"is_staff": True, "id": 1, "password": "x"})

    assert response.json()["detail"] == "The input is not valid in 4 places."
    assert sorted(errors_of(response)) == [
        ("/id", "unknown_field"),
        ("/is_staff", "unknown_field"),
        ("/password", "min_length"),
        ("/username", "required"),
    ]


def test_a_name_that_would_take_minutes_to_normalize_is_refused_at_once(anonymous_client):
    response = anonymous_client.post(URL, {"username": "a" + "\u0315\u0300" * 1_000, "password": PASSWORD})

    assert errors_of(response) == [("/username", "max_length")]


def sign_up_at_once(starting_line):
    try:
        starting_line.wait(timeout=30)
        return client_of().post(URL, {"username": "carol", "password": PASSWORD}).status_code
    finally:
        connection.close()


@pytest.mark.django_db(transaction=True)
def test_of_eight_who_want_one_name_at_once_one_gets_it():
    starting_line = Barrier(8)
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(sign_up_at_once, [starting_line] * 8))

    assert statuses == [201] + [400] * 7


def test_an_address_others_use_unverified_is_accepted(anonymous_client, alice):
    alice.email = "shared@example.com"
    alice.save()

    assert (
        anonymous_client.post(
            URL, {"username": "carol", "password": PASSWORD, "email": "shared@example.com"}
        ).status_code
        == 201
    )


@pytest.mark.parametrize("body", ["[]", "null", '"text"', "12", "true"])
def test_a_body_that_is_no_object_is_refused(anonymous_client, body):
    response = anonymous_client.generic("POST", URL, body, content_type="application/json")

    assert response.status_code == 400
    assert [pointer for pointer, _ in errors_of(response)] == [""]


def test_an_empty_body_names_what_is_missing(anonymous_client):
    response = anonymous_client.generic("POST", URL, b"", content_type="application/json")

    assert sorted(errors_of(response)) == [("/password", "required"), ("/username", "required")]
