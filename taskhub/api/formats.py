"""JSON in and out, with the strictness towards input that CONTRACT section 1 promises."""

import json
import math
from collections.abc import Mapping
from itertools import chain
from typing import IO, Any

import orjson
from django.http import HttpResponse, QueryDict
from rest_framework import parsers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

DEEPEST = 32  # levels of nesting
LARGEST_INTEGER = 2**53 - 1  # RFC 8259 section 6: beyond it clients disagree about the value


def to_json(data: Any) -> bytes:
    """UTF-8 JSON; aware times as RFC 3339 in UTC with Z, UUIDs as text."""
    return orjson.dumps(data, option=orjson.OPT_UTC_Z)


def from_json(body: bytes) -> Any:
    """Parse a JSON document.

    Raises ParseError for what is not JSON in UTF-8 and for what clients read differently: duplicate keys, NaN,
    infinities, lone surrogates, NUL characters, nesting over 32 levels, integers beyond ±(2^53 - 1).
    """
    try:
        text = body.decode()
        value = DECODER.decode(text)
    except UnicodeDecodeError as error:
        raise ParseError("The body is not valid JSON: it is not UTF-8.") from error
    except ValueError as error:
        raise ParseError(f"The body is not valid JSON: {error}.") from error
    except RecursionError as error:
        raise TooDeep from error
    refuse_deep(value)
    if "\\u" in text:  # only an escape can spell a NUL or half a surrogate pair
        refuse_unstorable(value)
    return value


class TooDeep(ParseError):
    default_detail = f"The body is nested more than {DEEPEST} levels deep."


def without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ParseError("The body repeats a key in one object.")
    return found


def exact(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST_INTEGER:
        raise ParseError("The body holds an integer that not every client can hold exactly.")
    return int(digits)


def finite(digits: str) -> float:
    """Also called for NaN and Infinity, which JSON does not have."""
    if not math.isfinite(value := float(digits)):
        raise ParseError(f"The body is not valid JSON: {digits[:20]} is not a number.")
    return value


DECODER = json.JSONDecoder(
    object_pairs_hook=without_repeats, parse_int=exact, parse_float=finite, parse_constant=finite
)


def refuse_deep(value: Any) -> None:
    level = [value]
    for _ in range(DEEPEST + 1):
        level = [item for item in level if isinstance(item, dict | list)]
        if not level:
            return
        level = list(chain.from_iterable(item.values() if isinstance(item, dict) else item for item in level))
    raise TooDeep


def refuse_unstorable(value: Any) -> None:
    if isinstance(value, str):
        refuse_nul(value)
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise ParseError("The body holds half of a surrogate pair, which is no character.")
    elif isinstance(value, list):
        for item in value:
            refuse_unstorable(item)
    elif isinstance(value, dict):
        for item in chain(value, value.values()):
            refuse_unstorable(item)


def refuse_nul(string: str) -> None:
    if "\0" in string:
        raise ParseError("The body holds a NUL character, which the database cannot store.")


class JSONParser(parsers.BaseParser):
    media_type = "application/json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return from_json(stream.read())


class MergePatchParser(JSONParser):
    """RFC 7396, which defines the type for PATCH alone."""

    media_type = "application/merge-patch+json"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        if parser_context["request"].method != "PATCH":
            raise UnsupportedMediaType(self.media_type)
        return super().parse(stream, media_type, parser_context)


def single_values(form: QueryDict) -> dict[str, str]:
    """A form as a plain dict. Raises ParseError for a repeated field (RFC 6749 section 3.2) or a NUL character."""
    for name, values in form.lists():
        refuse_nul(name)
        if len(values) > 1:
            raise ParseError(f"The form repeats the field {name}.")
        refuse_nul(values[0])
    return {name: str(value) for name, value in form.items()}


class FormParser(parsers.FormParser):
    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return single_values(super().parse(stream, media_type, parser_context))


class MultiPartParser(parsers.MultiPartParser):
    """A form sent as multipart, as by browsers' FormData. Files are refused."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        form = super().parse(stream, media_type, parser_context)
        if form.files:
            raise ParseError("The form may not hold a file.")
        return single_values(form.data)


class JSONResponse(HttpResponse):
    """`data` as JSON, without a charset (RFC 8259 section 8.1).

    REST framework's Response, which is rendered later like a template, costs three times as much.
    """

    def __init__(
        self,
        data: Any,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        content_type: str = "application/json",
    ) -> None:
        super().__init__(to_json(data), content_type, status, headers=dict(headers or {}))


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever Accept says; a body is read by the first parser that accepts its Content-Type."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Raises UnsupportedMediaType."""
        if request.META.get("HTTP_CONTENT_ENCODING", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("", "The body may not be compressed: send it without Content-Encoding.")
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        for parser in parsers:
            if parser.media_type == sent:
                return parser
        raise UnsupportedMediaType(sent, f"Send the body with Content-Type: {parsers[0].media_type}.")

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
