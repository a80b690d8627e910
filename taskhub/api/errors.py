"""Turns every error into `application/problem+json` (RFC 9457; CONTRACT section 1)."""

import math
import sys
from collections.abc import Iterator
from itertools import islice
from typing import Any

from django.conf import settings
from django.core.exceptions import DisallowedHost, PermissionDenied
from django.db import DataError, IntegrityError, InterfaceError, OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.utils.encoding import escape_uri_path
from rest_framework import exceptions
from rest_framework.exceptions import APIException

from taskhub.api import request_id
from taskhub.api.formats import JSONResponse, to_json
from taskhub.api.problems import (
    BadRequest,
    Conflict,
    DatabaseUnavailable,
    InputError,
    InternalError,
    Problem,
    QuotaExceeded,
    title_of,
)
from taskhub.postgresql.errors import FOREIGN_KEY_VIOLATION, PASSING_STATES, sqlstate, violated_constraint

MOST_ERRORS = 100  # in one answer, however many mistakes the input has
CONTENT_TYPE = "application/problem+json"
HTML = "text/html"
# REST framework's codes where they differ from ours
CODES = {
    "parse_error": "malformed_body",
    "invalid": "validation_error",
    "authentication_failed": "not_authenticated",
    "throttled": "rate_limited",
}
CREDENTIALS_MISSING = "An access token is needed: Authorization: Bearer <access token>."
CREDENTIALS_INVALID = "The access token is expired or not valid. Get a new one from /auth/refresh or /auth/login."


def exception_handler(exc: Exception, context: dict[str, Any]) -> JSONResponse | None:
    """REST framework's hook. None lets Django log an unexpected error and answer through `server_error`."""
    if isinstance(exc, Http404):
        exc = exceptions.NotFound()
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    if isinstance(exc, IntegrityError) and sqlstate(exc) == FOREIGN_KEY_VIOLATION:
        exc = Conflict()
    if isinstance(exc, IntegrityError):
        exc = exceeded_quota(exc) or exc
    if not isinstance(exc, APIException):
        return None
    body = problem_body(exc, context["request"].path)
    return JSONResponse(body, status=exc.status_code, headers=problem_headers(exc), content_type=CONTENT_TYPE)


def exceeded_quota(error: IntegrityError) -> QuotaExceeded | None:
    """None for a constraint of another kind."""
    quotas = {
        "event_sequence_quota_of_tasks": (settings.QUOTA_TASKS, "tasks"),
        "event_sequence_quota_of_bytes": (settings.QUOTA_BYTES, "bytes of titles and descriptions"),
    }
    found = quotas.get(violated_constraint(error) or "")
    return QuotaExceeded(*found) if found else None


def problem_response(exc: APIException, request: HttpRequest) -> HttpResponse:
    """The same answer outside REST framework: middleware and Django's own error pages.

    Browsers get a page in the admin and for unknown paths; the API answers in JSON whatever Accept says.
    """
    body, content_type = problem_body(exc, request.path), CONTENT_TYPE
    template = page_template(request)
    if template and prefers_html(request):
        content, content_type = render_to_string(template, body).encode(), f"{HTML}; charset=utf-8"
    else:
        content = to_json(body)
    headers = {**problem_headers(exc), **({"Vary": "Accept"} if template else {})}
    return HttpResponse(content, status=exc.status_code, headers=headers, content_type=content_type)


def page_template(request: HttpRequest) -> str | None:
    """The template of the error page at that path; None where only programs ask."""
    if request.path.startswith("/admin/"):
        return "problem.html"
    return "problem_page.html" if request.method == "GET" and request.resolver_match is None else None


def prefers_html(request: HttpRequest) -> bool:
    """True for browsers, false for programs that name no type."""
    return request.get_preferred_type(["application/json", CONTENT_TYPE, HTML]) == HTML


def problem_body(exc: APIException, path: str) -> dict[str, Any]:
    code = CODES.get(exc.default_code, exc.default_code)
    errors = list(exc.errors if isinstance(exc, Problem) else ())
    detail = str(exc.detail)
    if isinstance(exc, exceptions.ValidationError):
        errors = list(islice(input_errors(exc.detail), MOST_ERRORS))
        detail = "The input is not valid." if len(errors) == 1 else f"The input is not valid in {len(errors)} places."
    elif code == "not_authenticated":
        detail = CREDENTIALS_INVALID if token_was_sent(exc) else CREDENTIALS_MISSING
    return {
        "type": f"/problems/{code}",
        "title": title_of(code),
        "status": exc.status_code,
        "detail": detail,
        "code": code,
        "instance": escape_uri_path(path),
        "request_id": request_id.get(),
        "errors": errors,
        **(exc.members if isinstance(exc, Problem) else {}),
    }


def problem_headers(exc: APIException) -> dict[str, str]:
    headers = {}
    if exc.status_code == 401:  # RFC 6750 section 3
        why = f' error="invalid_token", error_description="{CREDENTIALS_INVALID}"' if token_was_sent(exc) else ""
        headers["WWW-Authenticate"] = f"Bearer{why}"
    wait = exc.retry_after if isinstance(exc, Problem) else getattr(exc, "wait", None)  # Throttled has a wait
    if wait is not None:
        headers["Retry-After"] = str(math.ceil(wait))
    return headers


def token_was_sent(exc: APIException) -> bool:
    """REST framework raises this error for an invalid token, and another one if there is none."""
    return isinstance(exc, exceptions.AuthenticationFailed)


def input_errors(detail: Any, pointer: str = "") -> Iterator[InputError]:
    """Flattens REST framework's nested messages into one entry each, with its JSON pointer (RFC 6901)."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            token = str(name).replace("~", "~0").replace("/", "~1")
            yield from input_errors(inner, pointer if name == "non_field_errors" else f"{pointer}/{token}")
    elif isinstance(detail, list):
        for inner in detail:
            yield from input_errors(inner, pointer)
    else:
        yield InputError(pointer=pointer, code=detail.code, detail=str(detail))


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        return problem_response(BadRequest("The Host header names no host that this server answers for."), request)
    in_body = bool(request.META.get("CONTENT_LENGTH"))
    problem = exceptions.ParseError("The server cannot read the body.") if in_body else BadRequest()
    return problem_response(problem, request)


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(exceptions.PermissionDenied(), request)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return problem_response(exceptions.NotFound(), request)


def server_error(request: HttpRequest) -> HttpResponse:
    """Called while an unexpected exception is being handled; Django has logged it."""
    error = sys.exception()
    if isinstance(error, OperationalError | InterfaceError) or sqlstate(error) in PASSING_STATES:
        return problem_response(DatabaseUnavailable(), request)
    if isinstance(error, DataError):
        return problem_response(BadRequest(), request)
    return problem_response(InternalError(), request)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    return problem_response(
        exceptions.PermissionDenied("The form has expired or came from another site: reload it."), request
    )
