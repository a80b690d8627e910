"""Who sent the request, by `Authorization: Bearer <access token>` (RFC 6750)."""

from typing import Any

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from accounts.models import User
from taskhub.api.problems import Problem


class InvalidCredentials(Problem):
    status_code = 401
    default_code = "invalid_credentials"
    default_detail = "Invalid username or password"


class KeyRing(TokenBackend):
    """Signs with the first of JWT_SIGNING_KEYS and verifies with the one named by `kid` (RFC 7515 section 4.1.4)."""

    def encode(self, payload: dict[str, Any]) -> str:
        kid, secret = next(iter(settings.JWT_SIGNING_KEYS.items()))
        return jwt.encode(payload, secret, algorithm=self.algorithm, headers={"kid": kid})

    def get_verifying_key(self, token: Any) -> str:
        kid = jwt.get_unverified_header(token).get("kid", "")
        if kid not in settings.JWT_SIGNING_KEYS:
            raise TokenBackendError("The token names no key of ours.")
        return str(settings.JWT_SIGNING_KEYS[kid])


class AccessToken(tokens.AccessToken):
    _token_backend = KeyRing("HS256")


class BearerAuthentication(BaseAuthentication):
    """Asks the database each time, so that a deactivated or deleted user is out at once."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            token = AccessToken(raw.strip())
            return User.objects.active(token["sub"]), token
        except (TokenError, User.DoesNotExist) as error:
            raise AuthenticationFailed from error

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def caller(request: Request) -> User:
    """The user of a request that only signed-in users may make."""
    assert isinstance(request.user, User)  # noqa: S101 - IsAuthenticated has let nobody else through
    return request.user
