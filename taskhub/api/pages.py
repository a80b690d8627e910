"""The OpenAPI document and two pages that show it. Everything is served from here: see CONTENT_SECURITY_POLICY."""

import functools
import threading
from typing import Any

from django.conf import settings
from django.http import HttpResponse, HttpResponseBase
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularRedocView, SpectacularSwaggerSplitView
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.views import APIView

from taskhub.api.errors import problem_response
from taskhub.api.formats import to_json
from taskhub.api.health import Probe
from taskhub.api.views import with_etag

ICON = f"{settings.STATIC_URL}drf_spectacular_sidecar/swagger-ui-dist/favicon-32x32.png"
# Both pages use inline styles; ReDoc searches in a worker made from a blob
CONTENT_SECURITY_POLICY = "; ".join(
    [
        "default-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "worker-src blob:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    ]
)

GENERATING = threading.Lock()


def document() -> bytes:
    """Generated once per process, because the code does not change, and by one thread: drf-spectacular fails in two."""
    with GENERATING:
        return generated()


@functools.cache
def generated() -> bytes:
    return to_json(SchemaGenerator().get_schema(request=None, public=True))


@extend_schema(exclude=True)
class Document(Probe):
    def get(self, request: Request) -> HttpResponseBase:
        return with_etag(request, HttpResponse(document(), content_type="application/json"))


class Page(APIView):
    http_method_names = ("get", "head")

    def handle_exception(self, exc: Exception) -> Any:
        """Answers with a problem rather than the page's template filled with it."""
        if isinstance(exc, APIException):
            return problem_response(exc, self.request._request)
        return super().handle_exception(exc)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        response.headers["Content-Security-Policy"] = CONTENT_SECURITY_POLICY
        return super().finalize_response(request, response, *args, **kwargs)


class SwaggerUI(Page, SpectacularSwaggerSplitView):
    url = "/openapi.json"
    template_name = "swagger_ui.html"
    template_name_js = "swagger_ui.js"


class ReDoc(Page, SpectacularRedocView):
    url = "/openapi.json"
    template_name = "redoc.html"
