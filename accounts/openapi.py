"""What the OpenAPI document says about accounts."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema_view

from accounts.authentication import InvalidCredentials
from accounts.models import UsernameTaken
from accounts.serializers import (
    CreatedTokenSerializer,
    LoginSerializer,
    NewPasswordSerializer,
    NewTokenSerializer,
    PersonalTokenSerializer,
    RefreshTokenSerializer,
    RegisterSerializer,
    SecurityEventSerializer,
    SessionSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from accounts.sessions import SignInAgain
from accounts.tokens import TokenNotValid
from taskhub.api.openapi import (
    IF_MATCH,
    IF_NONE_MATCH,
    NO_FIELDS,
    NOT_MODIFIED,
    PREFER,
    answer_header,
    etag_header,
    invalid,
    operation,
    request_header,
)
from taskhub.api.pagination import ForeignCursor
from taskhub.api.problems import BadParameter, PreconditionFailed

USER = OpenApiExample(
    "A user",
    {
        "id": "019ab3c2-11aa-7c55-9d3e-0a1b2c3d4e5f",
        "username": "alice",
        "email": "alice@example.com",
        "created_at": "2026-11-21T08:29:00.654321Z",
        "name": "Alice",
        "time_zone": "Europe/Vienna",
        "version": 1,
    },
    response_only=True,
)
CREDENTIALS = {"username": "alice", "password": "correct horse battery"}
REFRESH_TOKEN = OpenApiExample("A refresh token", {"refresh_token": "eyJhbGciOi…"}, request_only=True)
TOKENS = OpenApiExample(
    "Tokens",
    {
        "access_token": "eyJhbGciOi…",
        "refresh_token": "eyJhbGciOi…",
        "token_type": "bearer",
        "expires_in": 900,
    },
    response_only=True,
)
NOT_STORED = answer_header("Cache-Control", 200, "`no-store` (RFC 6749 section 5.1).")
NO_ADDRESS = invalid("email", "invalid", "Enter a valid email address.")
NO_TOKEN = invalid("refresh_token", "required", "This field is required.")


class BearerInDocument(OpenApiAuthenticationExtension):
    """Two ways to the same header: sign in by form, as Swagger UI's Authorize does, or bring a token."""

    target_class = "accounts.authentication.BearerAuthentication"
    name = ["credentials", "token"]

    def get_security_requirement(self, auto_schema: Any) -> list[dict[str, list[Any]]]:
        return [{name: []} for name in self.name]

    def get_security_definition(self, auto_schema: Any) -> list[dict[str, Any]]:
        flow = {"tokenUrl": "/auth/login", "scopes": {}}
        by_form = "With username and password. Leave the client id and secret empty."
        return [
            {"type": "oauth2", "description": by_form, "flows": {"password": flow}},
            {"type": "http", "scheme": "bearer", "description": "From `POST /auth/login`, or a personal access token."},
        ]


describe_register = extend_schema_view(
    post=operation(
        "registerUser",
        "Sign up",
        "Usernames are taken without regard to case, after NFKC normalization. With an `email`, a welcome mail follows "
        "in the background: see the job `welcome_email`.",
        request=RegisterSerializer,
        responses={201: UserSerializer},
        problems=[invalid("username", "required", "This field is required."), UsernameTaken()],
        examples=[OpenApiExample("Alice", {**CREDENTIALS, "email": "alice@example.com"}, request_only=True), USER],
    )
)


describe_login = extend_schema_view(
    post=operation(
        "logIn",
        "Sign in",
        "As JSON or as an OAuth2 password form (RFC 6749 section 4.3), whose other fields are ignored.",
        request=LoginSerializer,
        responses={200: TokenPairSerializer},
        parameters=[NOT_STORED],
        problems=[invalid("password", "required", "This field is required."), InvalidCredentials()],
        examples=[OpenApiExample("Alice", CREDENTIALS, request_only=True), TOKENS],
    )
)
describe_refresh = extend_schema_view(
    post=operation(
        "refreshTokens",
        "Get new tokens",
        "The refresh token is spent: of any calls with it, exactly one succeeds, and another ends the session. With "
        "an `Idempotency-Key`, the same request may be sent again for a minute.",
        request=RefreshTokenSerializer,
        responses={200: TokenPairSerializer},
        parameters=[NOT_STORED, request_header("Idempotency-Key", "1 to 255 visible ASCII characters.")],
        problems=[NO_TOKEN, TokenNotValid()],
        examples=[REFRESH_TOKEN, TOKENS],
    )
)
describe_logout = extend_schema_view(
    post=operation(
        "logOut",
        "Sign out",
        "Ends the session that the refresh token belongs to, whichever of its tokens it is.",
        request=RefreshTokenSerializer,
        responses={204: None},
        problems=[NO_TOKEN],
        examples=[REFRESH_TOKEN],
    )
)
describe_me = extend_schema_view(
    get=operation(
        "getMe",
        "Read your account",
        "The account that the token belongs to.",
        responses={200: UserSerializer, 304: NOT_MODIFIED},
        parameters=[IF_NONE_MATCH, etag_header(200)],
        examples=[USER],
    ),
    patch=operation(
        "updateMe",
        "Change your account",
        "A merge patch (RFC 7396) of `email`, `name` and `time_zone`: `null` removes the "
        "address. What changes nothing makes no version.",
        request=UserSerializer,
        responses={200: UserSerializer, 204: None},
        parameters=[IF_MATCH, PREFER, etag_header(200), etag_header(204)],
        problems=[NO_ADDRESS, PreconditionFailed(2, ["email"], {**USER.value, "version": 2})],
        examples=[OpenApiExample("Another address", {"email": "alice@example.org"}, request_only=True), USER],
    ),
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
NO_BODY = {"application/json": NO_FIELDS}
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
    },
    response_only=True,
)
describe_logout_all = extend_schema_view(
    post=operation(
        "logOutEverywhere",
        "Sign out everywhere",
        "Ends all sessions, this one too.",
        request=NO_BODY,
        examples=[OpenApiExample("No fields", {}, request_only=True)],
        responses={204: None},
        problems=[invalid("colour", "unknown_field", "This field is unknown.")],
    )
)
describe_password = extend_schema_view(
    post=operation(
        "changePassword",
        "Change your password",
        "All other sessions end.",
        request=NewPasswordSerializer,
        responses={204: None},
        problems=[
            invalid("current_password", "wrong_password", "This is not your current password."),
        ],
        examples=[
            OpenApiExample(
                "Another",
                {"current_password": CREDENTIALS["password"], "new_password": "battery staple horse"},
                request_only=True,
            )
        ],
    )
)
describe_sessions = extend_schema_view(
    list=operation(
        "listSessions",
        "List your sessions",
        "Those that have not ended, newest first.",
        responses={200: SessionSerializer(many=True)},
        problems=LIST_PROBLEMS,
        examples=[SESSION],
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
    list=operation(
        "listTokens",
        "List your personal access tokens",
        "Newest first, also those that have expired.",
        responses={200: PersonalTokenSerializer(many=True)},
        problems=LIST_PROBLEMS,
        examples=[PERSONAL_TOKEN],
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
    list=operation(
        "listSecurityEvents",
        "See what happened to your account",
        "Sign-ins and refusals, changes of the password and of tokens, newest first. Kept for a year.",
        responses={200: SecurityEventSerializer(many=True)},
        problems=LIST_PROBLEMS,
        examples=[SECURITY_EVENT],
    )
)
