"""The WSGI callable: `taskhub.wsgi:application`."""

import io
import os
import re
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import IO, Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse

WSGIApplication = Callable[..., Iterable[bytes]]
LONGEST_DRAIN = 16 * 1024 * 1024  # bytes of a refused body that are read, so that its sender listens to the answer
# Django would decode by any codec that a charset names; the contract knows UTF-8 alone
PARAMETER_BUT_BOUNDARY = re.compile(r";(?!\s*boundary=)[^;]*", re.IGNORECASE)


def with_whole_body(application: WSGIApplication) -> WSGIApplication:
    """Reads the body first, bounded, and says in the environment what it is like, for taskhub.api.guards to refuse.

    Django reads as much as Content-Length says: it would see nothing of a body sent in chunks (RFC 9112 section 7.1),
    and take one that broke off for a whole one.
    """

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["CONTENT_TYPE"] = PARAMETER_BUT_BOUNDARY.sub("", environ.get("CONTENT_TYPE", ""))
        declared = environ.get("CONTENT_LENGTH")
        if declared or "HTTP_TRANSFER_ENCODING" in environ:
            limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1
            body = read(environ["wsgi.input"], min(int(declared or limit), limit))
            if len(body) == limit:
                read(environ["wsgi.input"], LONGEST_DRAIN)
            environ["taskhub.body_broke_off"] = len(body) < min(int(declared or 0), limit)
            environ["CONTENT_LENGTH"], environ["wsgi.input"] = str(len(body)), io.BytesIO(body)
        return whole(application(environ, start_response))

    return wrapped


def whole(response: Iterable[bytes]) -> Iterable[bytes]:
    """One piece, where there is no more to come: the server can say its length then, and needs no chunks."""
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


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
application = with_whole_body(get_wsgi_application())
import_module(settings.ROOT_URLCONF)  # now, not during the first request
