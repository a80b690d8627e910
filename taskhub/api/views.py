"""What every view of the API is built from."""

import hashlib
from collections.abc import Collection
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from rest_framework.request import Request
from rest_framework.views import APIView

from taskhub.api.problems import BadParameter


def with_etag(request: Request, response: HttpResponse, body: bytes) -> HttpResponseBase:
    """`response` with an ETag made of `body`; 304 for a client that names it in If-None-Match (RFC 9110 section 13)."""
    etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    return get_conditional_response(request._request, etag=etag, response=response) or response


class BaseView(APIView):
    """Refuses query parameters that the view does not name, and repeated ones. No PUT, no OPTIONS.

    A handler that writes opens its transaction itself: an error answer leaves nothing behind.
    """

    http_method_names = ("get", "post", "patch", "delete", "head")
    ignored_parameters: Collection[str] = ()

    def query_parameters(self) -> Collection[str]:
        """The parameters this request may carry."""
        return ()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        for name, values in request.query_params.lists():
            if name not in self.query_parameters():
                raise BadParameter(name, "unknown_parameter", "This parameter is not known here.")
            if len(values) > 1 and name not in self.ignored_parameters:
                raise BadParameter(name, "repeated_parameter", "This parameter may be given once.")
