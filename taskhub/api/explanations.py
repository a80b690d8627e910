"""`GET /problems/{code}`: where the `type` of an error answer leads (RFC 9457 section 3.1.1)."""

from http import HTTPStatus
from typing import NamedTuple

from django.http import HttpResponseBase
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.response import Response

from taskhub.api.health import Probe


class Explanation(NamedTuple):
    status: int
    meaning: str
    remedy: str


EXPLANATIONS = {
    "validation_error": Explanation(
        400,
        "A field of the body, a parameter of the query or a header is not as it must be.",
        "Each entry of errors names one place, by pointer (body) or parameter (query). Correct them and send it again.",
    ),
    "malformed_body": Explanation(
        400,
        "The body cannot be read: it is not JSON in UTF-8, or it holds what programs read differently, such as a"
        " repeated key.",
        "Send what a JSON library writes. The detail says what was found.",
    ),
    "username_taken": Explanation(400, "Somebody has this username, in this or other case.", "Choose another one."),
    "not_authenticated": Explanation(
        401,
        "The request has no access token, or one that is expired or not valid. WWW-Authenticate tells which.",
        "Get a new pair from POST /auth/refresh or sign in at POST /auth/login, then send the request again.",
    ),
    "token_not_valid": Explanation(
        401, "The refresh token is expired, was used before, or is none of ours.", "Sign in at POST /auth/login."
    ),
    "invalid_credentials": Explanation(
        401,
        "No active user has this username and this password.",
        "Ask the person again. Which of the two is wrong is not told.",
    ),
    "permission_denied": Explanation(
        403, "The caller is known and may not do this.", "Sending it again does not help. Ask who gives the rights."
    ),
    "not_found": Explanation(
        404,
        "There is nothing at this address, or the caller may not see it.",
        "Check the address and the id. What was deleted stays so.",
    ),
    "method_not_allowed": Explanation(
        405, "The address does not know this method.", "The header Allow names those that it knows."
    ),
    "conflict": Explanation(
        409,
        "The request does not fit the present state, or something else changed it first.",
        "Read the resource again and decide anew.",
    ),
    "precondition_failed": Explanation(
        412,
        "The resource is not as the conditional header of the request says.",
        "Read the resource again and repeat the change with its new ETag.",
    ),
    "body_too_large": Explanation(413, "The body is larger than 1 MiB.", "Send less, in several requests."),
    "unsupported_media_type": Explanation(
        415,
        "The body is of a media type, or in an encoding, that this operation does not take.",
        "Send JSON with Content-Type: application/json, not compressed.",
    ),
    "rate_limited": Explanation(
        429, "There were too many requests.", "Wait as many seconds as Retry-After says, then send it again."
    ),
    "internal_error": Explanation(
        500,
        "A mistake on the side of the server, which has logged it.",
        "If it was a change, look whether it was made. Report it with the request_id.",
    ),
    "database_unavailable": Explanation(
        503,
        "The database did not answer.",
        "Wait as many seconds as Retry-After says. If it was a change, look whether it was made, then send it again.",
    ),
}  # by code, in the order of their status


def explained(code: str) -> dict[str, object]:
    """What is known of a code. Raises NotFound."""
    if code not in EXPLANATIONS:
        raise NotFound
    status, meaning, remedy = EXPLANATIONS[code]
    title = code.replace("_", " ").capitalize()
    facts = {"type": f"/problems/{code}", "code": code, "status": status, "reason": HTTPStatus(status).phrase}
    return {**facts, "title": title, "meaning": meaning, "remedy": remedy}


@extend_schema(exclude=True)
class Explanations(Probe):
    """All codes, or one: a page in a browser, JSON for programs."""

    def get(self, request: Request, code: str | None = None) -> HttpResponseBase:
        problems = [explained(name) for name in ([code] if code else EXPLANATIONS)]
        response: HttpResponseBase = Response(problems[0] if code else {"problems": problems})
        if "text/html" in request.headers.get("Accept", ""):
            page = {"title": problems[0]["title"] if code else "Problems", "problems": problems, "one": code}
            response = render(request._request, "explanations.html", page)
        patch_vary_headers(response, ["Accept"])
        return response
