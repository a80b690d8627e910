"""What an account can be let in by, and what happened to it, as the OpenAPI document tells of it."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view
from rest_framework.exceptions import NotFound

from accounts.openapi.shared import NOT_STORED
from accounts.second_factor import InvalidCode, TooManyCodes
from accounts.serializers import (
    CodeSerializer,
    CreatedTokenSerializer,
    NewSecondFactorSerializer,
    NewTokenSerializer,
    PersonalTokenSerializer,
    RecoveryCodesSerializer,
    SecondFactorSerializer,
    SecurityEventSerializer,
    SessionSerializer,
)
from accounts.sessions import SignInAgain
from taskhub.api.openapi import (
    NO_BODY,
    NO_FIELDS_SENT,
    UNKNOWN_FIELD,
    answer_header,
    invalid,
    operation,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter, Conflict

describe_second_factor = extend_schema_view(
    get=operation(
        "getSecondFactor",
        "See whether you have a second factor",
        "And how many recovery codes are left.",
        responses={200: SecondFactorSerializer},
        examples=[OpenApiExample("On", {"enabled": True, "recovery_codes_left": 10}, response_only=True)],
    ),
    post=operation(
        "addSecondFactor",
        "Add a second factor",
        "It counts once it is confirmed. Needs a sign-in of the last ten minutes.",
        request=NO_BODY,
        responses={201: NewSecondFactorSerializer},
        parameters=[answer_header("Cache-Control", 201, "`no-store`")],
        problems=[
            UNKNOWN_FIELD,
            SignInAgain(),
            Conflict("There is a second factor. Remove it first."),
        ],
        examples=[
            NO_FIELDS_SENT,
            OpenApiExample(
                "A secret",
                {
                    "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                    "otpauth_uri": "otpauth://totp/TaskHub:alice?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=TaskHub",
                },
                response_only=True,
            ),
        ],
    ),
    delete=operation(
        "removeSecondFactor",
        "Remove your second factor",
        "Needs a sign-in of the last ten minutes.",
        responses={204: None},
        problems=[SignInAgain(), NotFound()],
    ),
)
describe_confirm_second_factor = extend_schema_view(
    post=operation(
        "confirmSecondFactor",
        "Confirm a second factor",
        "With a first code of the app. From then on signing in needs one. The recovery codes are for the day on which "
        "the app is lost.",
        request=CodeSerializer,
        responses={200: RecoveryCodesSerializer},
        parameters=[NOT_STORED],
        problems=[
            invalid("code", "required", "This field is required."),
            InvalidCode(),
            Conflict("No second factor waits to be confirmed."),
            TooManyCodes(29),
        ],
        examples=[
            OpenApiExample("A code", {"code": "492039"}, request_only=True),
            OpenApiExample("Ten codes", {"recovery_codes": ["mfrg-gzdf-mztw-q2lk"] * 10}, response_only=True),
        ],
    )
)
SESSION = OpenApiExample(
    "A session",
    {
        "id": "019ab3c2-2222-7c55-9d3e-0a1b2c3d4e5f",
        "device": "Mozilla/5.0 (X11; Linux x86_64)",
        "address": "203.0.113.7",
        "created_at": "2026-11-21T08:29:00.654321Z",
        "last_used_at": "2026-11-21T09:12:00.000123Z",
        "signed_in_at": "2026-11-21T08:29:00.654321Z",
        "current": True,
    },
    response_only=True,
)
PERSONAL = {
    "id": "019ab3c2-3333-7c55-9d3e-0a1b2c3d4e5f",
    "name": "Backup script",
    "scopes": ["tasks:read"],
    "created_at": "2026-11-21T08:29:00.654321Z",
    "expires_at": None,
    "last_used_at": None,
}
SESSION_ID, TOKEN_ID = (
    OpenApiParameter("id", OpenApiTypes.UUID, OpenApiParameter.PATH, examples=[OpenApiExample(name, example["id"])])
    for name, example in (("A session", SESSION.value), ("A token", PERSONAL))
)
LIST_PROBLEMS = [BadParameter("limit", "out_of_range", "This must be from 1 to 100."), ForeignCursor()]
PERSONAL_TOKEN = OpenApiExample("A token", PERSONAL, response_only=True, status_codes=["200"])
SECURITY_EVENT = OpenApiExample(
    "A sign-in",
    {
        "id": "019ab3c2-4444-7c55-9d3e-0a1b2c3d4e5f",
        "kind": "signed_in",
        "created_at": "2026-11-21T08:29:00.654321Z",
        "address": "203.0.113.7",
        "device": "Mozilla/5.0 (X11; Linux x86_64)",
        "request_id": "0f6c1f9cbf4f4a6f8f3a9f5d2c7b1e4a",
        "session_id": "019ab3c2-2222-7c55-9d3e-0a1b2c3d4e5f",
        "by_staff": False,
    },
    response_only=True,
)


def listing(operation_id: str, summary: str, description: str, row: Any, example: OpenApiExample) -> Any:
    """Of a list that takes a cursor and a limit alone."""
    return operation(
        operation_id,
        summary,
        description,
        responses={200: row(many=True)},
        problems=LIST_PROBLEMS,
        examples=[example],
    )


describe_sessions = extend_schema_view(
    list=listing(
        "listSessions",
        "List your sessions",
        "Those that have not ended, newest first.",
        SessionSerializer,
        SESSION,
    ),
    destroy=operation(
        "endSession",
        "End a session",
        "Its tokens are refused from the next request on.",
        responses={204: None},
        parameters=[SESSION_ID],
    ),
)
describe_tokens = extend_schema_view(
    list=listing(
        "listTokens",
        "List your personal access tokens",
        "Newest first, also those that have expired.",
        PersonalTokenSerializer,
        PERSONAL_TOKEN,
    ),
    create=operation(
        "createToken",
        "Make a personal access token",
        "For scripts and agents: it may do what its scopes say until it expires or is revoked. Needs a sign-in of the "
        "last ten minutes.",
        request=NewTokenSerializer,
        responses={201: CreatedTokenSerializer},
        parameters=[answer_header("Cache-Control", 201, "`no-store`")],
        problems=[invalid("name", "required", "This field is required."), SignInAgain()],
        examples=[
            OpenApiExample("For a script", {"name": "Backup script", "scopes": ["tasks:read"]}, request_only=True),
            OpenApiExample(
                "A new token",
                {**PERSONAL, "token": "thub_9yBfDq0TzZ3mPpV1LkJx7sWc4RtUeAh2n0K5"},
                response_only=True,
                status_codes=["201"],
            ),
        ],
    ),
    destroy=operation(
        "revokeToken",
        "Revoke a personal access token",
        "It is refused from the next request on.",
        responses={204: None},
        parameters=[TOKEN_ID],
    ),
)
describe_security_events = extend_schema_view(
    list=listing(
        "listSecurityEvents",
        "See what happened to your account",
        "Sign-ins and refusals, changes of the password and of tokens, newest first. Kept for a year.",
        SecurityEventSerializer,
        SECURITY_EVENT,
    )
)
