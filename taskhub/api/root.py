"""What a program finds at the front door."""

from rest_framework.request import Request
from rest_framework.response import Response

import taskhub
from taskhub.api.health import Probe

ADDRESSES = {
    "register": "/auth/register",
    "login": "/auth/login",
    "tasks": "/tasks/",
    "jobs": "/jobs/",
    "health": "/health",
}


class Root(Probe):
    def get(self, request: Request) -> Response:
        return Response({"app": "TaskHub", "version": taskhub.__version__, "addresses": ADDRESSES})
