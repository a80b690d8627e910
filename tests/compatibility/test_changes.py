"""The check that guards the API's clients, on a small document that is changed in each way that matters."""

import copy
import json

import pytest

from taskhub.tests.contract import document
from tests.compatibility.__main__ import FROZEN
from tests.compatibility.changes import breaking_changes

SMALL = {
    "paths": {
        "/tasks": {
            "get": {
                "operationId": "listTasks",
                "parameters": [
                    {
                        "in": "query",
                        "name": "limit",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 100, "default": 20},
                    },
                    {"in": "query", "name": "q", "schema": {"type": "string"}},
                ],
                "responses": {"200": {"$ref": "#/components/responses/Tasks"}, "400": {"description": "No."}},
            },
            "post": {
                "operationId": "createTask",
                "security": [{"token": []}],
                "requestBody": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/NewTask"}}}},
                "responses": {
                    "201": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Task"}}}}
                },
            },
        }
    },
    "components": {
        "responses": {
            "Tasks": {
                "headers": {"ETag": {"schema": {"type": "string"}}},
                "content": {
                    "application/json": {"schema": {"type": "array", "items": {"$ref": "#/components/schemas/Task"}}}
                },
            }
        },
        "schemas": {
            "Status": {"type": "string", "enum": ["todo", "done"]},
            "NewTask": {
                "type": "object",
                "properties": {
                    "title": {"type": "string", "maxLength": 200},
                    "status": {"anyOf": [{"$ref": "#/components/schemas/Status"}, {"type": "null"}]},
                    "labels": {"type": "array", "items": {"type": "string"}},
                },
                "required": ["title"],
                "additionalProperties": False,
            },
            "Task": {
                "type": "object",
                "properties": {
                    "id": {"type": "string", "format": "uuid", "readOnly": True},
                    "status": {"allOf": [{"$ref": "#/components/schemas/Status"}]},
                    "due": {"type": ["string", "null"]},
                    "parent": {"$ref": "#/components/schemas/Task"},
                },
                "required": ["id", "status"],
            },
        },
    },
}
TASKS, NEW_TASK, TASK = ("paths", "/tasks"), ("components", "schemas", "NewTask"), ("components", "schemas", "Task")
GET, POST = (*TASKS, "get"), (*TASKS, "post")
TITLE, LIMIT = (*NEW_TASK, "properties", "title"), (*GET, "parameters", 0)
JSON = "application/json"
GONE = object()


def changed(place, value):
    document = copy.deepcopy(SMALL)
    *steps, last = place
    part = document
    for step in steps:
        part = part[step]
    if value is GONE:
        del part[last]
    else:
        part[last] = value
    return document


BREAKING = [
    (TASKS, GONE, "GET /tasks: is gone"),
    (POST, GONE, "POST /tasks: is gone"),
    ((*GET, "operationId"), "tasks", "GET /tasks: has another operationId"),
    ((*GET, "security"), [{"token": []}], "GET /tasks: another way of signing in is needed"),
    ((*POST, "security"), [{"credentials": []}], "POST /tasks: another way of signing in is needed"),
    ((*GET, "parameters", 1), GONE, "GET /tasks query q: is gone"),
    ((*GET, "parameters", 1, "required"), True, "GET /tasks query q: is needed"),
    ((*GET, "parameters", 1, "explode"), False, "GET /tasks query q: is written in another way"),
    ((*LIMIT, "schema", "maximum"), 50, "GET /tasks query limit: maximum was 100, is 50"),
    ((*LIMIT, "schema", "minimum"), 5, "GET /tasks query limit: minimum was 1, is 5"),
    ((*LIMIT, "schema", "default"), 50, "GET /tasks query limit: default was 20, is 50"),
    ((*LIMIT, "schema", "type"), "string", "GET /tasks query limit: was integer, is string"),
    ((*GET, "responses"), {"400": {}}, "GET /tasks: never answers 200"),
    (("components", "responses", "Tasks", "headers"), {}, "GET /tasks 200 header ETag: is gone"),
    (("components", "responses", "Tasks", "content"), {}, "GET /tasks 200: is never application/json"),
    ((*POST, "requestBody", "required"), True, "POST /tasks body: is needed"),
    ((*POST, "requestBody", "content"), {}, "POST /tasks body: is never application/json"),
    ((*NEW_TASK, "required"), ["title", "labels"], "POST /tasks body labels: is needed"),
    ((*TITLE, "maxLength"), 100, "POST /tasks body title: maxLength was 200, is 100"),
    ((*TITLE, "minLength"), 2, "POST /tasks body title: minLength was None, is 2"),
    ((*TITLE, "pattern"), "^x", "POST /tasks body title: pattern was None, is ^x"),
    ((*TITLE, "enum"), ["Milk"], "POST /tasks body title: takes some values only"),
    ((*NEW_TASK, "properties", "labels"), GONE, "POST /tasks body labels: is gone"),
    (
        (*NEW_TASK, "properties", "labels", "items", "type"),
        "integer",
        "POST /tasks body labels items: was string, is integer",
    ),
    ((*NEW_TASK, "properties", "status", "anyOf", 1), GONE, "POST /tasks body status: had 2 forms, has 1"),
    (("components", "schemas", "Status", "enum", 1), GONE, "POST /tasks body status: value 'done' is gone"),
    (("components", "schemas", "Status", "enum", 1), GONE, "GET /tasks 200 items status: value 'done' is gone"),
    ((*TASK, "required"), ["id"], "GET /tasks 200 items status: may be missing"),
    ((*TASK, "properties", "due"), GONE, "POST /tasks 201 due: is gone"),
    ((*TASK, "properties", "id", "type"), ["string", "null"], "POST /tasks 201 id: was string, is ['string', 'null']"),
    ((*TASK, "properties", "id", "format"), "uri", "POST /tasks 201 id: format was uuid, is uri"),
    ((*TASK, "properties", "parent"), {"type": "string"}, "POST /tasks 201 parent: was object, is string"),
]


@pytest.mark.parametrize(("place", "value", "told"), BREAKING)
def test_a_change_that_breaks_clients_is_told(place, value, told):
    assert told in breaking_changes(SMALL, changed(place, value))


HARMLESS = [
    ((*TASKS, "put"), {"operationId": "putTasks", "responses": {}}),
    ((*POST, "security"), [{"token": []}, {"credentials": []}]),
    ((*POST, "security"), []),
    ((*GET, "parameters", 1), {"in": "query", "name": "q", "schema": {}}),
    ((*GET, "responses", "304"), {}),
    ((*LIMIT, "schema", "maximum"), 500),
    ((*TITLE, "maxLength"), GONE),
    ((*TITLE, "type"), ["string", "null"]),
    ((*NEW_TASK, "properties", "colour"), {"type": "string"}),
    ((*NEW_TASK, "required"), []),
    (("components", "schemas", "Status", "enum"), ["todo", "done", "cancelled"]),
    ((*TASK, "properties", "due", "type"), "string"),
    ((*TASK, "required"), ["id", "status", "due"]),
    ((*TASK, "properties", "colour"), {"type": "string"}),
    ((*TASK, "description"), "A to-do."),
]


@pytest.mark.parametrize(("place", "value"), HARMLESS)
def test_what_is_added_or_allowed_breaks_nobody(place, value):
    assert breaking_changes(SMALL, changed(place, value)) == []


def test_what_is_everywhere_the_same_is_told_for_each_place():
    told = breaking_changes(SMALL, changed((*TASK, "properties", "due"), GONE))

    assert told == ["GET /tasks 200 items due: is gone", "POST /tasks 201 due: is gone"]


def test_this_release_breaks_no_client_of_version_1():
    assert breaking_changes(json.loads(FROZEN.read_text()), document()) == []
