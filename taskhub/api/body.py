"""Bounds what a request may carry."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from taskhub.api.errors import problem_response
from taskhub.api.problems import BodyTooLarge


def limit_body(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware. Refuses a body over DATA_UPLOAD_MAX_MEMORY_SIZE bytes by its declared length, before it is read."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        if length.isdigit() and int(length) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
            return problem_response(BodyTooLarge(), request)
        return get_response(request)

    return middleware
