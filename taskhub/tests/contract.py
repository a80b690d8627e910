"""Holds answers against the OpenAPI document. The clients of conftest.py do so with every answer that any test gets."""

import json
import re
from functools import cache

from django.http import HttpResponse
from jsonschema import Draft202012Validator, FormatChecker
from rest_framework.test import APIClient

from taskhub.api.pages import document as document_bytes

OTHERS = ("405", "409", "413", "415", "429", "500", "503")  # which the answer that all share tells of
VARIABLE = re.compile(r"\{\w+\}")


@cache
def document():
    return json.loads(document_bytes())


def operations():
    """Path, method and description of each."""
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            yield path, method, operation


@cache
def operation_at(method, path):
    """What the document says of a request, None when it does not know it. The trailing slash is optional."""
    for template, known, operation in operations():
        pattern = "[^/]+".join(re.escape(part) for part in VARIABLE.split(template.rstrip("/")))
        if known == method.lower() and re.fullmatch(pattern + "/?", path):
            return operation
    return None


def resolved(part):
    while "$ref" in part:
        *names, name = part["$ref"].removeprefix("#/").split("/")
        parent = document()
        for step in names:
            parent = parent[step]
        part = parent[name]
    return part


def validator(schema):
    whole = {**schema, "components": document()["components"]}
    return Draft202012Validator(whole, format_checker=FormatChecker())


def check(operation, response):
    """Raises AssertionError or ValidationError for an answer that the document does not describe."""
    name = operation["operationId"]
    status = str(response.status_code)
    told = operation["responses"].get(status) or (status in OTHERS and operation["responses"]["default"])
    assert told, f"{name} does not tell of {status}"
    described = resolved(told)
    for header, about in described.get("headers", {}).items():
        value = response.headers.get(header)
        assert value is not None or not resolved(about).get("required", "$ref" in about), f"{name} lacks {header}"
    if "content" not in described:
        assert response.content == b"", f"{name} has a body"
        return
    content_type = response.headers["Content-Type"]
    assert content_type in described["content"], f"{name} answers with {content_type}"
    if content_type == "text/csv":
        assert response.content.decode("utf-8-sig")
        return
    validator(described["content"][content_type]["schema"]).validate(json.loads(response.content))


class DocumentedClient(APIClient):
    """Answers as the server would, never raises its exceptions, and lets no undocumented answer pass."""

    def request(self, **kwargs):
        response = super().request(**kwargs)
        if response.streaming:
            response = HttpResponse(response.getvalue(), headers=response.headers)
            response.json = lambda: json.loads(response.content)
        operation = operation_at(kwargs["REQUEST_METHOD"], kwargs["PATH_INFO"])
        if operation:
            check(operation, response)
        return response
