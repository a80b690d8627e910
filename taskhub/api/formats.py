"""JSON in and out with orjson, and the strictness the contract asks of what comes in (CONTRACT section 1)."""

import re
from typing import IO, Any

import orjson
from django.http import QueryDict
from rest_framework import parsers, renderers
from rest_framework.exceptions import ParseError, UnsupportedMediaType
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request

DEEPEST = 32  # levels of nesting
LARGEST_INTEGER = 2**53 - 1  # RFC 8259 section 6: beyond it clients disagree about the value
STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
LONG_INTEGER = re.compile(rb"(?<![\d.eE+-])-?(\d{16,})(?![\d.eE])")


def to_json(data: Any) -> bytes:
    """UTF-8 JSON; aware times as RFC 3339 in UTC with Z, UUIDs as text."""
    return orjson.dumps(data, option=orjson.OPT_UTC_Z)


def from_json(body: bytes) -> Any:
    """Parse a JSON document.

    Raises ParseError for what is not JSON in UTF-8 and for what clients read differently: duplicate keys, NaN,
    infinities, lone surrogates, NUL characters, nesting over 32 levels, integers beyond ±(2^53 - 1).
    """
    try:
        value = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ParseError(f"The body is not valid JSON: {reason_of(error, body)}.") from error
    # With its strings emptied, a valid document holds one colon per key and no digits but numbers
    skeleton = STRING.sub(b'""', body)
    if skeleton.count(b":") != count_keys(value):
        raise ParseError("The body repeats a key in one object.")
    if any(len(digits) > 16 or int(digits) > LARGEST_INTEGER for digits in LONG_INTEGER.findall(skeleton)):
        raise ParseError("The body holds an integer that not every client can hold exactly.")
    return value


def reason_of(error: ValueError, body: bytes) -> str:
    """orjson speaks of surrogates where bytes are not UTF-8."""
    try:
        body.decode()
    except UnicodeDecodeError:
        return "it is not UTF-8"
    return str(error)


def count_keys(value: Any, depth: int = 0) -> int:
    """The number of keys in all objects. Raises ParseError for too deep nesting and for NUL characters."""
    if isinstance(value, str):
        refuse_nul(value)
    if not isinstance(value, dict | list):
        return 0
    if depth == DEEPEST:
        raise ParseError(f"The body is nested more than {DEEPEST} levels deep.")
    if isinstance(value, list):
        return sum(count_keys(item, depth + 1) for item in value)
    for key in value:
        refuse_nul(key)
    return len(value) + sum(count_keys(item, depth + 1) for item in value.values())


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
    """A form sent as multipart, as browsers' FormData does. It takes no files."""

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        form = super().parse(stream, media_type, parser_context)
        if form.files:
            raise ParseError("The form may not hold a file.")
        return single_values(form.data)


class JSONRenderer(renderers.BaseRenderer):
    media_type = "application/json"
    format = "json"
    charset = None  # RFC 8259 section 8.1: JSON is UTF-8, the media type has no charset

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        return b"" if data is None else to_json(data)


class AlwaysJSON(BaseContentNegotiation):
    """Answers in JSON whatever Accept says; a body is read by the first parser that knows its Content-Type."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """Raises UnsupportedMediaType."""
        if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
            raise UnsupportedMediaType("", "The body may not be compressed: send it without Content-Encoding.")
        sent = (request.content_type or "").partition(";")[0].strip().lower()
        for parser in parsers:
            if parser.media_type == sent:
                return parser
        raise UnsupportedMediaType(sent, f"Send the body with Content-Type: {parsers[0].media_type}.")

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type
