"""ETags of versions, and the conditions that clients make with them (RFC 9110 section 13; CONTRACT section 4)."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from taskhub.api.formats import JSONResponse
from taskhub.api.problems import BadHeader

# One entity-tag of a list, and what separates it from the next
ENTITY_TAG = re.compile(r'[ \t]*(?:W/)?"([\x21\x23-\x7e\x80-\xff]*)"[ \t]*(?:,|\Z)')
VERSION = re.compile(r"([1-9][0-9]{0,8})(?:\..*)?")


def etag_of(version: int, *others: int | str) -> str:
    """Begins with the version. `others` are the versions of other rows that the representation depends on."""
    return f'"{".".join(map(str, (version, *others)))}"'


def tags(request: Request, header: str) -> list[str] | None:
    """The entity-tags that a condition lists, without `W/` and what a proxy appends; None without the header.

    `*` is a list of itself. Raises BadHeader.
    """
    sent = request.META.get(f"HTTP_{header.upper().replace('-', '_')}")  # request.headers costs more
    if sent is None:
        return None
    if sent.strip() == "*":
        return ["*"]
    found, end = [], 0
    while end < len(sent) and (match := ENTITY_TAG.match(sent, end)):
        found.append(match[1].removesuffix("-gzip"))
        end = match.end()
    if not found or end < len(sent):
        raise BadHeader(header, 'It lists entity-tags such as "3", or it is *.')
    return found


def wanted_versions(request: Request) -> list[int | None] | None:
    """The versions of If-Match, None for a tag that is none of ours; None without the header, or for `*`.

    Raises BadHeader.
    """
    found = tags(request, "If-Match")
    if found is None or found == ["*"]:
        return None
    return [int(match[1]) if (match := VERSION.fullmatch(tag)) else None for tag in found]


def answer(
    request: Request, etag: str, body: Callable[[], Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> HttpResponse:
    """One resource with its ETag: 304 without a body for whom has it, 204 for whom wants none (`Prefer`)."""
    sent = {"ETag": etag, **(headers or {})}
    if request.method in ("GET", "HEAD"):
        known = tags(request, "If-None-Match") or []
        if "*" in known or etag.strip('"') in known:
            return HttpResponse(status=304, headers=sent)
    elif request.method == "PATCH" and wants_nothing(request):
        return HttpResponse(status=204, headers={**sent, "Preference-Applied": "return=minimal"})
    return JSONResponse(body(), status, sent)


def wants_nothing(request: Request) -> bool:
    """RFC 7240: unknown preferences are ignored."""
    wishes = request.headers.get("Prefer", "").lower().split(",")
    return "return=minimal" in (wish.partition(";")[0].replace(" ", "") for wish in wishes)
