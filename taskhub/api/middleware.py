"""What every request passes through before a view, outermost first: its body is read, it gets an id and a log line, and
unacceptable hosts and bodies are refused.
"""

import io
import logging
import re
import time
import uuid
from collections.abc import Callable, Iterable
from typing import IO, Any

from corsheaders.middleware import CorsMiddleware
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.functional import SimpleLazyObject
from rest_framework.exceptions import ParseError

from taskhub.api import arrived, request_id
from taskhub.api.errors import problem_response
from taskhub.api.problems import BodyTooLarge
from taskhub.api.proxies import client_address, waited

View = Callable[[HttpRequest], HttpResponse]
WSGIApplication = Callable[..., Iterable[bytes]]
LONGEST_DRAIN = (
    16 * 1024 * 1024
)  # bytes of a refused body that are still read, because many clients send all of it before they read the answer
LARGEST_OF_ACCOUNTS = 16 * 1024  # bytes of a body under /auth/, which anybody may send
FILES, LARGEST_FILE = re.compile(r"/plans/[^/]*/files/?"), 2 * 1024 * 1024  # of spreadsheets, which come one by one
# Django would decode with any codec that a charset names; the contract allows UTF-8 only
PARAMETER_BUT_BOUNDARY = re.compile(r";(?!\s*boundary=)[^;]*", re.IGNORECASE)

MOST_KNOWN_HOSTS = 1000  # a pattern such as .example.com allows any number of hosts
PAGE_POLICY = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    ]
)
PROBES = ("/livez", "/readyz")  # asked by address, not by name
ACCEPTABLE = re.compile(r"[A-Za-z0-9._-]{1,128}")
access_log = logging.getLogger("taskhub.access")


def with_whole_body(application: WSGIApplication) -> WSGIApplication:
    """Reads the body first, up to a limit, and notes problems in the environment, for check_body to refuse.

    Django reads as much as Content-Length says: it would ignore a chunked body (RFC 9112 section 7.1), and take a
    truncated one for complete.
    """

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        arrived.set(time.monotonic() - waited(environ))
        environ["REMOTE_ADDR"] = client_address(environ) or environ.get("REMOTE_ADDR", "")
        environ["CONTENT_TYPE"] = PARAMETER_BUT_BOUNDARY.sub("", environ.get("CONTENT_TYPE", ""))
        declared = environ.get("CONTENT_LENGTH")
        if declared or "HTTP_TRANSFER_ENCODING" in environ:
            limit = largest_body(environ.get("PATH_INFO", "")) + 1
            body = read(environ["wsgi.input"], min(int(declared or limit), limit))
            if len(body) == limit:
                read(environ["wsgi.input"], LONGEST_DRAIN)
            environ["taskhub.body_broke_off"] = len(body) < min(int(declared or 0), limit)
            environ["CONTENT_LENGTH"], environ["wsgi.input"] = str(len(body)), io.BytesIO(body)
        return whole(application(environ, start_response))

    return wrapped


def largest_body(path: str) -> int:
    """In bytes."""
    if path.startswith("/auth/"):
        return LARGEST_OF_ACCOUNTS
    return LARGEST_FILE if FILES.fullmatch(path) else int(settings.DATA_UPLOAD_MAX_MEMORY_SIZE)


def whole(response: Iterable[bytes]) -> Iterable[bytes]:
    """Joins a finished body into one piece, so that the server can send Content-Length instead of chunks."""
    if not isinstance(response, HttpResponse):
        return response  # a file, which the server reads by itself
    response.close()  # tells Django that the request is finished
    return [response.content]


def read(stream: IO[bytes], size: int) -> bytes:
    """Up to `size` bytes, fewer only at the end of the stream."""
    parts = []
    while size > 0 and (part := stream.read(min(size, 65536))):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


class RequestLog:
    """Middleware. Echoes an acceptable X-Request-ID, else makes one."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        offered = request.META.get("HTTP_X_REQUEST_ID", "")
        chosen = offered if ACCEPTABLE.fullmatch(offered) else uuid.uuid4().hex
        started = time.perf_counter()
        request_id.set(chosen)  # and left there: Django logs failed answers after all middleware
        response = self.get_response(request)
        response.headers["X-Request-ID"] = chosen
        milliseconds = (time.perf_counter() - started) * 1000
        who = user_id_of(request)
        access_log.info(
            "%s %s %d %.1fms %s %s",
            request.method,
            request.get_full_path(),
            response.status_code,
            milliseconds,
            request.META.get("REMOTE_ADDR") or "-",
            who,
        )
        return response


def user_id_of(request: HttpRequest) -> str:
    """The id of the caller, as names are personal data; "-" if unknown. Makes no query."""
    user = request.__dict__.get("user")  # set by token authentication
    if isinstance(user, SimpleLazyObject):  # a session's user is looked up lazily, and only counts if that has happened
        user = request.__dict__.get("_cached_user")
    return str(user.pk) if user and user.is_authenticated else "-"


class RequestIdFilter(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = request_id.get()
        return True


class CORS(CorsMiddleware):
    """Does nothing while no other origin is allowed, so that no answer varies by origin."""

    def __call__(self, request: HttpRequest) -> Any:
        return super().__call__(request) if settings.CORS_ALLOWED_ORIGINS else self.get_response(request)


class AdminOnly:
    """A mixin for Django's middleware that makes it skip every request outside the admin.

    Nothing else has sessions, and three middlewares that find none take a tenth of the time of a small request.
    """

    def __call__(self: Any, request: HttpRequest) -> Any:
        if request.path_info.startswith("/admin/"):
            return super().__call__(request)  # type: ignore[misc]
        return self.get_response(request)


def check_host(get_response: View) -> View:
    """Refuses a Host that ALLOWED_HOSTS does not name, by DisallowedHost. Allowed hosts are remembered."""
    known: set[tuple[str, ...]] = set()

    def middleware(request: HttpRequest) -> HttpResponse:
        host = (request.META.get("HTTP_HOST", ""), *settings.ALLOWED_HOSTS)
        if host not in known and not request.path_info.startswith(PROBES):
            request.get_host()
            if len(known) < MOST_KNOWN_HOSTS:
                known.add(host)
        return get_response(request)

    return middleware


def check_body(get_response: View) -> View:
    """Refuses a body that is too large, and a truncated one (with_whole_body)."""

    def middleware(request: HttpRequest) -> HttpResponse:
        length = request.META.get("CONTENT_LENGTH") or "0"
        limit = largest_body(request.path_info)
        if length.isascii() and length.isdigit() and int(length) > limit:
            return problem_response(BodyTooLarge(f"The body is larger than {limit // 1024} KiB."), request)
        if request.META.get("taskhub.body_broke_off"):
            return problem_response(ParseError("The body is shorter than its Content-Length says."), request)
        return get_response(request)

    return middleware


def restrict_pages(get_response: View) -> View:
    """A Content-Security-Policy for each page that has none: only what this server sends, framed by nobody."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        if response.headers.get("Content-Type", "").startswith("text/html"):
            response.headers.setdefault("Content-Security-Policy", PAGE_POLICY)
        return response

    return middleware
