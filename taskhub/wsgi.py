"""The WSGI callable: `taskhub.wsgi:application`."""

import io
import os
from collections.abc import Callable, Iterable
from importlib import import_module
from typing import Any

from django.conf import settings
from django.core.wsgi import get_wsgi_application

WSGIApplication = Callable[..., Iterable[bytes]]


def with_content_length(application: WSGIApplication) -> WSGIApplication:
    """Lets in bodies sent in chunks (RFC 9112 section 7.1): Django reads only as much as Content-Length says.

    Reads at most one byte more than the limit, so that taskhub.api.body refuses what is too large.
    """

    def wrapped(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if "HTTP_TRANSFER_ENCODING" in environ and not environ.get("CONTENT_LENGTH"):
            body = environ["wsgi.input"].read(settings.DATA_UPLOAD_MAX_MEMORY_SIZE + 1)
            environ.update({"CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)})
        return application(environ, start_response)

    return wrapped


os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
application = with_content_length(get_wsgi_application())
import_module(settings.ROOT_URLCONF)  # now, not during the first request
