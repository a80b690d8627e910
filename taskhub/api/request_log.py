"""One id per request, in every answer and every log line, and one access line per request."""

import logging
import re
import time
import uuid
from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject

access_log = logging.getLogger("taskhub.access")
request_id: ContextVar[str] = ContextVar("request_id", default="-")
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")


class RequestLog:
    """Middleware. Echoes an acceptable X-Request-ID, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.headers.get("X-Request-ID", "")
        chosen = offered if ACCEPTABLE.fullmatch(offered) else uuid.uuid4().hex
        started = time.perf_counter()
        request_id.set(chosen)  # and left there: Django logs failed answers after all middleware
        response = self.get_response(request)
        response.headers["X-Request-ID"] = chosen
        milliseconds = (time.perf_counter() - started) * 1000
        who = user_id_of(request)
        access_log.info(
            "%s %s %d %.1fms %s", request.method, request.get_full_path(), response.status_code, milliseconds, who
        )
        return response


def user_id_of(request: HttpRequest) -> str:
    """Who was found to be asking, by id, as names are personal data; "-" for nobody. Asks the database nothing."""
    user = request.__dict__.get("user")  # what authentication by token found
    if isinstance(user, SimpleLazyObject):  # what a session says is looked up when it is asked for, if ever
        user = request.__dict__.get("_cached_user")
    return str(user.pk) if user and user.is_authenticated else "-"


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True
