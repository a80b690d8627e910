"""Which usernames and addresses are taken."""

import pytest
from django.core.exceptions import ValidationError

from accounts.addresses import validate_address
from accounts.models import User
from accounts.tests.factories import PASSWORD, UserFactory
from accounts.usernames import validate_new_username

UNSEEN = [
    "FE00",
    "FE0F",
    "E0100",
    "E01EF",
    "17B4",
    "17B5",
    "180B",
    "180D",
    "180F",
    "2065",
    "FFF0",
    "FFF8",
    "E0002",
    "E0080",
    "E01F0",
    "E0FFF",
    "E000",
    "F8FF",
    "F0000",
    "FFFC",
    "FFFD",
    "034F",
    "115F",
    "1160",
    "3164",
    "2800",
    "200B",
    "202E",
    "AD",
    "0378",
    "FDD0",
]


@pytest.mark.parametrize("point", UNSEEN)
def test_a_name_with_what_nobody_sees_is_refused(point):
    with pytest.raises(ValidationError) as refused:
        validate_new_username(f"ali{chr(int(point, 16))}ce")

    assert refused.value.code == "invisible_character"


@pytest.mark.parametrize("name", ["аlice", "aliсe", "αlice", "admіn", "Ꭺlice", "Владимiр", "aﬁ日ж", "שaלom"])
def test_letters_of_scripts_that_do_not_stand_together_are_refused(name):
    with pytest.raises(ValidationError) as refused:
        validate_new_username(User.normalize_username(name))

    assert refused.value.code == "mixed_scripts"


@pytest.mark.parametrize(
    "name",
    ["alice_7", "o'brien-2.0", "Zoë", "李小龍", "Владимир", "محمد٣", "Αλίκη", "नेहा", "さくらsan",
     "ラーメン太郎", "김철수KR",
     "ㄅㄆㄇabc", "🦊🦊🦊",
     "Tiếng", "ᏣᎳᎩ", "ⵜⵉⴼⵉⵏⴰⵖ", "1234"],
)  # fmt: skip
def test_names_of_one_script_are_taken(name):
    validate_new_username(User.normalize_username(name))


@pytest.mark.parametrize("name", ["admin", "Admin", "ROOT", "ｓｕｐｐｏｒｔ", "null"])
def test_reserved_names_are_refused(anonymous_client, db, name):
    answer = anonymous_client.post("/auth/register", {"username": name, "password": PASSWORD})

    assert answer.json()["errors"][0]["code"] == "reserved_username"


def test_who_has_such_a_name_keeps_it(anonymous_client, db):
    UserFactory(username="admin")

    assert anonymous_client.post("/auth/login", {"username": "admin", "password": PASSWORD}).status_code == 200


@pytest.mark.parametrize(
    "address",
    [
        '"quoted"@example.com',
        '"\x1b[31m"@example.com',
        "a@[127.0.0.1]",
        "a@[IPv6:::1]",
        "root@localhost",
        "a@printer.local",
        "a@db.internal",
        "a@LOCALHOST.localdomain",
        "a@10.0.0.12",
        "a\u202eb@example.com",
    ],
)
def test_addresses_that_no_other_mail_server_takes_are_refused(anonymous_client, db, address):
    answer = anonymous_client.post("/auth/register", {"username": "carol", "password": PASSWORD, "email": address})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/email")


@pytest.mark.parametrize(
    "address", ["a+b@example.com", "o'brien@mail.example.co.uk", "ü@example.com", "a@bücher.example"]
)
def test_others_are_taken(address):
    validate_address(address)
