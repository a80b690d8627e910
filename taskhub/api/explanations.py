"""`GET /problems/{code}`: where the `type` of an error answer leads (RFC 9457 section 3.1.1)."""

from http import HTTPStatus

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from taskhub.api.errors import prefers_html
from taskhub.api.formats import JSONResponse
from taskhub.api.health import Probe
from taskhub.api.problems import EXPLANATIONS, title_of


def explained(code: str) -> dict[str, object]:
    """The explanation of a code. Raises NotFound."""
    if code not in EXPLANATIONS:
        raise NotFound
    status, meaning, remedy = EXPLANATIONS[code]
    facts = {"type": f"/problems/{code}", "code": code, "status": status, "reason": HTTPStatus(status).phrase}
    return {**facts, "title": title_of(code), "meaning": meaning, "remedy": remedy}


@extend_schema(exclude=True)
class Explanations(Probe):
    """Explains one code or lists all: a page in a browser, JSON for programs."""

    def get(self, request: Request, code: str | None = None) -> HttpResponseBase:
        problems = [explained(name) for name in ([code] if code else EXPLANATIONS)]
        response: HttpResponseBase = JSONResponse(problems[0] if code else {"problems": problems})
        if prefers_html(request._request):
            page = {"title": problems[0]["title"] if code else "Problems", "problems": problems, "one": code}
            response = render(request._request, "explanations.html", page)
        patch_vary_headers(response, ["Accept"])
        return response
