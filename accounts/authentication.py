"""Who sent the request, by `Authorization: Bearer <access token>` (RFC 6750)."""

import time
from collections.abc import Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import jwt
from django.conf import settings
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from accounts.models import ACTIVE_CALLER, User
from events.models import Actor, Via
from taskhub.api.problems import Problem
from taskhub.postgresql.caller import Caller

MOST_KNOWN_TOKENS = 4096  # in each process, about a kilobyte each


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
            raise TokenBackendError("The token names an unknown key.")
        return str(settings.JWT_SIGNING_KEYS[kid])


class AccessToken(tokens.AccessToken):
    _token_backend = KeyRing("HS256")


class BearerAuthentication(BaseAuthentication):
    """Identifies the user a token names. Whether that user is still active is checked in the database on every request,
    by BaseView.perform_authentication or by the statement of a handler (checks_caller)."""

    def authenticate(self, request: Request) -> tuple[Caller, Mapping[str, Any]] | None:
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            claims = verified(raw.strip(), tuple(settings.JWT_SIGNING_KEYS.items()))
        except TokenError as error:
            raise AuthenticationFailed from error
        if claims["exp"] <= time.time():
            raise AuthenticationFailed
        pk = claims["sub"]
        return Caller(pk, ACTIVE_CALLER, [pk], partial(look_up, pk)), claims

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


@lru_cache(MOST_KNOWN_TOKENS)
def verified(raw: str, keys: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    """The claims of an access token. A signature that was verified once stays valid; only the expiry is checked again.

    Raises TokenError, which is not cached.
    """
    return MappingProxyType(AccessToken(raw).payload)


def look_up(pk: str) -> User:
    """Raises AuthenticationFailed for a user who was deleted or deactivated."""
    try:
        return User.objects.active(pk)
    except User.DoesNotExist as error:
        raise AuthenticationFailed from error


def user_of(request: Request) -> User:
    """The user of a request that only signed-in users may make, looked up."""
    assert isinstance(request.user, User)  # noqa: S101 - IsAuthenticated lets nobody else through
    return request.user


def actor_of(request: Request) -> Actor:
    """Who is named by the events of what this request changes."""
    return Actor(user_of(request).username, Via.API)
