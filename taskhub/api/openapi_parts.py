"""The parts of the OpenAPI document that belong to no single operation, and the hooks that add them."""

from typing import Any

from taskhub.api.problems import EXPLANATIONS

DESCRIPTION = """\
The task service that other programs stand on. Background work is done exactly once, and you see what was done.

**Sign in**: `POST /auth/register`, then `POST /auth/login`; send `Authorization: Bearer <access token>`. At
[/docs](/docs), press *Authorize* and fill in username and password; [/redoc](/redoc) is better to read.

**Errors**, all of them, are `application/problem+json` (RFC 9457) with a stable `code`. What any operation can answer
is told once, as its default. `type` leads to an explanation
of the code; [/problems](/problems) lists all. Unknown fields and query parameters are errors, never ignored.

**Lists** come in pages: follow `meta.next_cursor` with `cursor` until it is null.

**Times** are RFC 3339 in UTC with `Z`. The trailing slash of a path is optional.
"""
TYPES = f"Leads to an explanation. One of {', '.join(f'`/problems/{code}`' for code in EXPLANATIONS)}."
METHODS = ("GET", "POST", "PATCH", "DELETE")
SERVICE = "Service"
TAGS = {
    "accounts": {"name": "Accounts", "description": "Sign up, sign in, and who you are."},
    "tasks": {"name": "Tasks", "description": "Your to-dos. Another user's are not found."},
    "tickets": {"name": "Plans", "description": "From spreadsheets to tickets, and from those to tasks."},
    "jobs": {"name": "Jobs", "description": "What is done for you in the background, exactly once."},
    "taskhub": {"name": SERVICE, "description": "For people and for probes. No token needed."},
}  # by app
HEADERS = {
    "X-Request-ID": {
        "description": "The one of the request, if it had up to 128 letters, digits, `.`, `_` or `-`; else a new one.",
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9._-]{1,128}$"},
    },
    "Idempotency-Replayed": {
        "description": "With the answer to a request that was done before.",
        "schema": {"type": "string", "const": "true"},
        "required": False,
    },
    "Retry-After": {"description": "Seconds.", "schema": {"type": "integer", "minimum": 1}},
    "WWW-Authenticate": {
        "description": '`Bearer`, with `error="invalid_token"` when a token was sent (RFC 6750 section 3).',
        "schema": {"type": "string", "pattern": "^Bearer( |$)"},
    },
}
IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "A new one for each thing to be done. The same request, sent again with the same key, is answered "
    "again and not done again.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 257},
}
COMPONENTS = {
    "schemas": {
        "Problem": {
            "type": "object",
            "description": "An error answer (RFC 9457).",
            "required": ["type", "title", "status", "detail", "code", "instance", "request_id", "errors"],
            "properties": {
                "type": {"type": "string", "format": "uri-reference", "description": TYPES},
                "title": {"type": "string"},
                "status": {"type": "integer", "minimum": 400, "maximum": 599},
                "detail": {"type": "string", "description": "A sentence for people."},
                "code": {"type": "string", "description": "Stable, for programs. New ones may be added."},
                "instance": {"type": "string", "format": "uri-reference", "description": "The path of the request."},
                "request_id": {"type": "string", "description": "As in `X-Request-ID`."},
                "errors": {"type": "array", "items": {"$ref": "#/components/schemas/InputError"}, "maxItems": 100},
                "current_version": {"type": "integer", "description": "Of 412: the version that it has now."},
                "changed_fields": {
                    "type": ["array", "null"],
                    "items": {"type": "string"},
                    "description": "Of 412: what differs from the version that you named; null where that is unknown.",
                },
                "challenge": {"type": "string", "description": "Of `second_factor_required`: for the second step."},
                "current": {"type": "object", "description": "Of 412: the resource as it is now."},
            },
        },
        "PageMeta": {
            "type": "object",
            "description": "Where in the list a page is.",
            "required": ["limit", "has_more", "next_cursor"],
            "properties": {
                "limit": {"type": "integer", "minimum": 1, "maximum": 100},
                "has_more": {"type": "boolean"},
                "next_cursor": {"type": ["string", "null"], "description": "null on the last page"},
            },
        },
        "InputError": {
            "type": "object",
            "description": "One place in the input that is wrong.",
            "required": ["code", "detail"],
            "properties": {
                "pointer": {"type": "string", "description": "Into the body (RFC 6901)."},
                "parameter": {"type": "string", "description": "Of the query."},
                "header": {"type": "string", "description": "Its name."},
                "code": {"type": "string"},
                "detail": {"type": "string", "description": "A sentence for people."},
            },
        },
    },
    "headers": HEADERS,
    "responses": {
        "OtherProblem": {
            "description": "Another problem. 405: this method is not offered. 409: another change came first, or a "
            "quota is used up. 413: the body is too large. 415: its media type is not supported. 429: there were too "
            "many requests. 500: an error of the server. 503: the database does not answer. Of 429 and 503, "
            "`Retry-After` has the seconds to wait.",
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            "headers": {
                "X-Request-ID": {"$ref": "#/components/headers/X-Request-ID"},
                "Retry-After": {"description": "Seconds.", "schema": {"type": "integer"}, "required": False},
            },
        }
    },
}


def spell_paths(endpoints: list[Any]) -> list[Any]:
    """Paths without the optional trailing slash, in the order of urls.py."""
    spelled = [(path.rstrip("/") or "/", *rest) for path, *rest in endpoints]
    order = list(dict.fromkeys(path for path, *_ in spelled))
    return sorted(spelled, key=lambda endpoint: (order.index(endpoint[0]), METHODS.index(endpoint[2])))


def allow_null(schemas: dict[str, Any]) -> None:
    """In a new object, null means the default (StrictSerializer). A choice is a $ref, which cannot be nullable."""
    for name, schema in schemas.items():
        for described in schema.get("properties", {}).values():
            if name.endswith("Request") and "default" in described and "allOf" in described:
                described["anyOf"] = [*described.pop("allOf"), {"type": "null"}]


def add_parts(result: dict[str, Any], generator: Any, request: Any, public: bool) -> dict[str, Any]:
    allow_null(result["components"]["schemas"])
    result["info"]["description"] = DESCRIPTION
    result["tags"] = list(TAGS.values())
    for kind, components in COMPONENTS.items():
        result["components"].setdefault(kind, {}).update(components)
    return result
