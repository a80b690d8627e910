"""What the OpenAPI document says about accounts."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, extend_schema_view

from accounts.authentication import InvalidCredentials
from accounts.models import UsernameTaken
from accounts.serializers import (
    LoginSerializer,
    RefreshTokenSerializer,
    RegisterSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from accounts.tokens import TokenNotValid
from taskhub.api.openapi import (
    IF_MATCH,
    IF_NONE_MATCH,
    NOT_MODIFIED,
    PREFER,
    answer_header,
    etag_header,
    invalid,
    operation,
)
from taskhub.api.problems import PreconditionFailed

USER = OpenApiExample(
    "A user",
    {
        "id": "019ab3c2-11aa-7c55-9d3e-0a1b2c3d4e5f",
        "username": "alice",
        "email": "alice@example.com",
        "created_at": "2026-11-21T08:29:00.654321Z",
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
        "expires_in": 1800,
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
            {"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "From `POST /auth/login`."},
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
        "The refresh token is spent: of any calls with it, exactly one succeeds.",
        request=RefreshTokenSerializer,
        responses={200: TokenPairSerializer},
        parameters=[NOT_STORED],
        problems=[NO_TOKEN, TokenNotValid()],
        examples=[REFRESH_TOKEN, TOKENS],
    )
)
describe_logout = extend_schema_view(
    post=operation(
        "logOut",
        "Sign out",
        "The refresh token is useless from now on, or was already. An access token is valid until it expires.",
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
        "A merge patch (RFC 7396) of `email`: `null` removes it. What changes nothing makes no version.",
        request=UserSerializer,
        responses={200: UserSerializer, 204: None},
        parameters=[IF_MATCH, PREFER, etag_header(200), etag_header(204)],
        problems=[NO_ADDRESS, PreconditionFailed(2, ["email"], {**USER.value, "version": 2})],
        examples=[OpenApiExample("Another address", {"email": "alice@example.org"}, request_only=True), USER],
    ),
)
