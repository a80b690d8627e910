"""Sign-up, sign-in and sign-out, as the OpenAPI document tells of it."""

from typing import Any

from drf_spectacular.extensions import OpenApiAuthenticationExtension
from drf_spectacular.utils import OpenApiExample, extend_schema_view

from accounts.authentication import InvalidCredentials
from accounts.models import UsernameTaken
from accounts.openapi.shared import NOT_STORED, USER
from accounts.second_factor import InvalidChallenge, InvalidCode, SecondFactorRequired, TooManyCodes
from accounts.serializers import (
    LoginSerializer,
    RefreshTokenSerializer,
    RegisterSerializer,
    SecondStepSerializer,
    SignedInSerializer,
    TokenPairSerializer,
    UserSerializer,
)
from accounts.tokens import TokenNotValid
from taskhub.api.limits import RateLimited
from taskhub.api.openapi import (
    NO_BODY,
    NO_FIELDS_SENT,
    UNKNOWN_FIELD,
    invalid,
    operation,
    request_header,
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
SIGNED_IN = OpenApiExample("Signed in", {**TOKENS.value, "device_token": "WyIwMTlhYjNj…"}, response_only=True)
DEVICE = request_header("X-Device-Token", "The `device_token` of an earlier sign-in on this device.")
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
        problems=[invalid("username", "required", "This field is required."), UsernameTaken(), RateLimited(29)],
        examples=[OpenApiExample("Alice", {**CREDENTIALS, "email": "alice@example.com"}, request_only=True), USER],
    )
)
describe_login = extend_schema_view(
    post=operation(
        "logIn",
        "Sign in",
        "As JSON or as an OAuth2 password form (RFC 6749 section 4.3), whose other fields are ignored.",
        request=LoginSerializer,
        responses={200: SignedInSerializer},
        parameters=[NOT_STORED, DEVICE],
        problems=[
            invalid("password", "required", "This field is required."),
            InvalidCredentials(),
            SecondFactorRequired("WyIwMTlhYjNj…"),
            RateLimited(29),
        ],
        examples=[OpenApiExample("Alice", CREDENTIALS, request_only=True), SIGNED_IN],
    )
)
describe_second_step = extend_schema_view(
    post=operation(
        "logInWithSecondFactor",
        "Sign in, second step",
        "For accounts with a second factor: with the `challenge` of `POST /auth/login`, and a code of the app or a "
        "recovery code. Both are good once.",
        request=SecondStepSerializer,
        responses={200: SignedInSerializer},
        parameters=[NOT_STORED, DEVICE],
        problems=[
            invalid("code", "required", "This field is required."),
            InvalidChallenge(),
            InvalidCode(),
            TooManyCodes(29),
        ],
        examples=[
            OpenApiExample("A code", {"challenge": "WyIwMTlhYjNj…", "code": "492039"}, request_only=True),
            SIGNED_IN,
        ],
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
        problems=[NO_TOKEN, TokenNotValid(), RateLimited(29)],
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
describe_logout_all = extend_schema_view(
    post=operation(
        "logOutEverywhere",
        "Sign out everywhere",
        "Ends all sessions, this one too.",
        request=NO_BODY,
        examples=[NO_FIELDS_SENT],
        responses={204: None},
        problems=[UNKNOWN_FIELD],
    )
)
