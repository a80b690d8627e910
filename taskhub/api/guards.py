"""Middleware that stands before the views: the host, the body, and refusals that come without words."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from rest_framework.exceptions import MethodNotAllowed, ParseError

from taskhub.api.errors import CONTENT_TYPE, problem_response
from taskhub.api.problems import BodyTooLarge

View = Callable[[HttpRequest], HttpResponse]
PROBES = ("/livez", "/readyz")  # asked by address, not by name


def check_host(get_response: View) -> View:
    """Refuses a Host that ALLOWED_HOSTS does not name, by DisallowedHost."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not request.path_info.startswith(PROBES):
            request.get_host()
        return get_response(request)

    return middleware


def check_body(get_response: View) -> View:
    """Refuses a body over DATA_UPLOAD_MAX_MEMORY_SIZE bytes, and one that broke off (taskhub.wsgi)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isascii() and length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return problem_response(BodyTooLarge(), request)
        if request.META.get("taskhub.body_broke_off"):
            return problem_response(ParseError("The body is shorter than its Content-Length says."), request)
        return get_response(request)

    return middleware


def explain_method(get_response: View) -> View:
    """Gives a problem to the 405 of views that are not ours."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.status_code != 405 or response.headers.get("Content-Type") == CONTENT_TYPE:
            return response
        explained = problem_response(MethodNotAllowed(str(request.method)), request)
        explained.headers["Allow"] = response.headers.get("Allow", "")
        return explained

    return middleware
