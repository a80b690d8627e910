"""What a client of version 1 once said and heard, said and heard again.

`RECORD=1` records the answers of steps that have none yet, and changes no other.
"""

import json
import os

import pyotp
import pytest

from accounts import mailed
from accounts.mailed import Purpose
from accounts.models import User
from conftest import client_of
from jobs.testing import drain
from taskhub.tests.contract import operations
from tests.compatibility import recording

pytestmark = pytest.mark.django_db(transaction=True)  # some requests are refused by the database


def mail_to_alice(purpose):
    return lambda: mailed.new_token(User.objects.get(username="alice"), purpose)


def test_each_request_is_answered_as_it_was():
    known = {"verification": mail_to_alice(Purpose.VERIFY), "reset": mail_to_alice(Purpose.RESET)}
    known["code"] = lambda: pyotp.TOTP(known["secret"]).now()
    client, steps, told = client_of(), recording.conversation(), []
    for step in steps:
        if "work" in step:
            drain(step["work"])
            continue
        answer, differences = recording.say(client, step, known)
        if "answer" not in step and os.environ.get("RECORD"):
            step["answer"] = recording.recorded(answer, known)
            differences = list(recording.differences(step["answer"], answer, known))
        told += [f"{step['request']}: {difference}" for difference in differences]
    if os.environ.get("RECORD"):
        recording.FILE.write_text(json.dumps(steps, indent=1, ensure_ascii=False) + "\n")

    assert told == []


def test_every_operation_is_part_of_it():
    said = {tuple(step["request"].split("?")[0].split(" ")) for step in recording.conversation() if "request" in step}
    patterns = {operation["operationId"]: path.strip("/").split("/") for path, _, operation in operations()}

    missing = [
        operation["operationId"]
        for _, method, operation in operations()
        if not any(
            method.upper() == verb and fits(patterns[operation["operationId"]], path.strip("/").split("/"))
            for verb, path in said
        )
    ]

    assert missing == []


def fits(pattern, path):
    return len(pattern) == len(path) and all(
        part == real or part[:1] == "{" for part, real in zip(pattern, path, strict=True)
    )


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ({"id": "<id>"}, {"id": "x"}),
        ({"id": "<task>"}, {"id": "another"}),
        ({"title": "Milk"}, {}),
        ({"title": "Milk"}, {"title": "Bread"}),
        ({"labels": ["a"]}, {"labels": ["a", "b"]}),
        ({"version": 1}, {"version": "1"}),
        ({"blocked": False}, {"blocked": 0}),
        ({"due": None}, {"due": ""}),
        ("/tasks/<task>", "/tasks/other"),
    ],
)
def test_what_differs_is_told(old, new):
    assert list(recording.differences(old, new, {"task": "this"})) != []


def test_what_is_new_in_an_answer_is_not_told():
    assert list(recording.differences({"id": "<text>"}, {"id": "x", "colour": "red"}, {})) == []
