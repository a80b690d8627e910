"""The OpenAPI 3.1.1 document: what all operations have in common is derived from their views."""

from collections.abc import Callable, Iterator, Sequence
from http import HTTPStatus
from typing import Any, TypeVar, cast

from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import ComponentRegistry
from drf_spectacular.utils import Direction, OpenApiExample, OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.exceptions import APIException, ErrorDetail, NotAuthenticated, NotFound, ParseError, ValidationError

from taskhub.api.errors import CONTENT_TYPE, problem_body
from taskhub.api.formats import JSONParser
from taskhub.api.openapi_parts import IDEMPOTENCY_KEY, TAGS
from taskhub.api.problems import BadParameter, IdempotencyKeyInUse, IdempotencyKeyReused, InsufficientScope
from taskhub.api.views import BaseView

Method = TypeVar("Method", bound=Callable[..., Any])
Document = dict[str, Any]
JSON = JSONParser.media_type
NO_FIELDS = {"type": "object", "additionalProperties": False, "maxProperties": 0}  # the body may be left out, too
NO_BODY = {JSON: NO_FIELDS}
NO_FIELDS_SENT = OpenApiExample("No fields", {}, request_only=True)
REQUEST_ID = "0f6c1f9cbf4f4a6f8f3a9f5d2c7b1e4a"  # in examples
MEANINGS = {
    200: "As asked.",
    201: "Created.",
    202: "Accepted; whether it happens is not decided here.",
    400: "The input is not valid.",
    401: "The caller is not authenticated.",
    403: "The caller may not do this.",
    404: "It does not exist, or the caller may not see it.",
    409: "Another change came first.",
    422: "The request does not fit what came before.",
    412: "It has changed since the version that the request names.",
    503: "The database did not answer.",
}
OTHERS = {"default": {"$ref": "#/components/responses/OtherProblem"}}  # explained once, for all operations
PROBLEM_HEADERS = {"WWW-Authenticate": {401}, "Retry-After": {429}}


def operation(
    operation_id: str, summary: str, description: str, *, problems: Sequence[APIException] = (), **options: Any
) -> Callable[[Method], Method]:
    """Describes a method of a view.

    `problems` are those it has besides the common ones; `options` are those of drf-spectacular's extend_schema.
    """
    schema = extend_schema(operation_id=operation_id, summary=summary, description=description, **options)

    def describe(method: Method) -> Method:
        described = schema(method)
        described.problems = tuple(problems)  # type: ignore[attr-defined]
        return described

    return describe


def invalid(field: str, code: str, detail: str) -> ValidationError:
    """An example of an error in the body."""
    return ValidationError({field: [ErrorDetail(detail, code=code)]})


UNKNOWN_FIELD = invalid("colour", "unknown_field", "This field is unknown.")


def answer_header(name: str, status: int, description: str, required: bool = True) -> OpenApiParameter:
    """A response header of the answer with that status."""
    return OpenApiParameter(
        name, str, OpenApiParameter.HEADER, description=description, required=required, response=[status]
    )


def request_header(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(name, str, OpenApiParameter.HEADER, description=description)


# For operations on one resource that has versions (taskhub.api.conditions)
IF_NONE_MATCH = request_header("If-None-Match", "An `ETag`. 304 while it is that of the resource.")
IF_MATCH = request_header("If-Match", 'The version that you have seen, such as `"3"`. 412 when there is a newer one.')
PREFER = request_header("Prefer", "`return=minimal` answers 204, without the resource (RFC 7240).")
NOT_MODIFIED = OpenApiResponse(description="As it was when that `ETag` was given.")


def etag_header(status: int, required: bool = True) -> OpenApiParameter:
    return answer_header("ETag", status, "Begins with the version.", required)


def meaning(status: int) -> str:
    return MEANINGS.get(status) or f"{HTTPStatus(status).phrase}."


def add_problem(answers: Document, problem: APIException, path: str) -> None:
    """Adds an example to the response with the problem's status, which is created if missing."""
    body = {**problem_body(problem, path), "request_id": REQUEST_ID}
    status = str(problem.status_code)
    headers = [name for name, statuses in PROBLEM_HEADERS.items() if problem.status_code in statuses]
    answer = answers.setdefault(
        status,
        {
            "description": meaning(problem.status_code),
            "content": {CONTENT_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}, "examples": {}}},
            "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in headers},
        },
    )
    examples = answer["content"][CONTENT_TYPE]["examples"]
    name = (body["errors"] or [body])[0]["code"]
    examples[name] = {"summary": body["detail"], "value": body}


def example_path(path: str, found: Document) -> str:
    """The path with example values for its parameters."""
    return path.format_map(
        {
            parameter["name"]: next(iter(parameter["examples"].values()))["value"]
            for parameter in found.get("parameters", ())
            if parameter["in"] == "path"
        }
    )


class Schema(AutoSchema):
    """REST framework's hook: describes one view."""

    def get_operation(
        self, path: str, path_regex: str, path_prefix: str, method: str, registry: ComponentRegistry
    ) -> Document | None:
        found: Document | None = super().get_operation(path, path_regex, path_prefix, method, registry)
        if found is None:
            return None
        if self.takes_key(found):
            found.setdefault("parameters", []).append(IDEMPOTENCY_KEY)
        if "requestBody" in found:
            content = found["requestBody"]["content"]
            found["requestBody"]["required"] = JSON not in content or content[JSON]["schema"] != NO_FIELDS
        for problem in self.problems(found):
            add_problem(found["responses"], problem, example_path(path, found))
        for status, answer in found["responses"].items():
            answer["description"] = answer["description"] or meaning(int(status))
            headers = answer.setdefault("headers", {})
            headers["X-Request-ID"] = {"$ref": "#/components/headers/X-Request-ID"}
            if self.takes_key(found) and status.startswith("2"):
                headers["Idempotency-Replayed"] = {"$ref": "#/components/headers/Idempotency-Replayed"}
        found["responses"] = dict(sorted(found["responses"].items())) | OTHERS
        found.setdefault("security", [])  # says explicitly that it is public
        return found

    def problems(self, found: Document) -> Iterator[APIException]:
        """The possible problems, derived from what the operation takes; those common to all are OtherProblem."""
        yield from getattr(self.described, "problems", ())  # first, because they say most about the operation
        if found.get("security"):
            yield NotAuthenticated()
            if cast(BaseView, self.view).needed_scope(self.method):
                yield InsufficientScope()
        if self.takes_key(found):
            yield from (IdempotencyKeyInUse(), IdempotencyKeyReused())
        if "{" in self.path:
            yield NotFound()
        if JSON in found.get("requestBody", {}).get("content", {}):
            yield ParseError("The body is not valid JSON: Expecting value: line 1 column 11 (char 10).")
        yield BadParameter("colour", "unknown_parameter", "This parameter is unknown.")

    def takes_key(self, found: Document) -> bool:
        taken = isinstance(self.view, BaseView) and self.method in self.view.takes_keys
        return taken and bool(found.get("security"))

    @property
    def described(self) -> Any:
        return getattr(self.view, getattr(self.view, "action", None) or self.method.lower())

    def get_tags(self) -> list[str]:
        return [TAGS[type(self.view).__module__.partition(".")[0]]["name"]]

    def get_paginated_name(self, serializer_name: str) -> str:
        return f"{serializer_name}Page"

    def _map_basic_serializer(self, serializer: Any, direction: Direction) -> Document:
        """Responses hold every field, and requests with unknown ones are refused. There is no public hook for this."""
        found: Document = super()._map_basic_serializer(serializer, direction)  # type: ignore[no-untyped-call]
        if direction == "response":
            found["required"] = list(found["properties"])
            return found
        ignored = {"description": "Accepted and ignored.", "deprecated": True}
        found["properties"] |= dict.fromkeys(sorted(serializer.ignored_fields), ignored)
        found["required"] = [name for name in found.get("required", ()) if name not in serializer.ignored_fields]
        if serializer.partial:
            for described in found["properties"].values():
                described.pop("default", None)  # fields absent from a patch are unchanged
        return {**found, "additionalProperties": False}

    def map_parsers(self) -> list[str]:
        """Only one: for several, client generators produce code that does not run. Descriptions name the others."""
        return [JSON]
