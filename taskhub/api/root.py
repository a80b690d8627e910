"""`/`: browsers are redirected to the documentation, programs get the addresses."""

from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.utils.cache import patch_vary_headers
from rest_framework.request import Request

import taskhub
from taskhub.api.errors import prefers_html
from taskhub.api.formats import JSONResponse
from taskhub.api.health import Probe
from taskhub.api.health_openapi import describe_root

ADDRESSES = {
    "register": "/auth/register",
    "login": "/auth/login",
    "tasks": "/tasks/",
    "jobs": "/jobs/",
    "health": "/health",
    "openapi": "/openapi.json",
    "docs": "/docs",
    "redoc": "/redoc",
}


@describe_root
class Root(Probe):
    def get(self, request: Request) -> HttpResponseBase:
        response: HttpResponseBase = JSONResponse(
            {"app": "TaskHub", "version": taskhub.__version__, "addresses": ADDRESSES}
        )
        if prefers_html(request._request):
            response = redirect("docs")
        patch_vary_headers(response, ["Accept"])
        return response
