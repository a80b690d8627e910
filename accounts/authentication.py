"""Who sent the request, by `Authorization: Bearer <access token or personal access token>` (RFC 6750)."""

import time
from collections.abc import Mapping
from functools import lru_cache, partial
from types import MappingProxyType
from typing import Any

import jwt
from django.conf import settings
from django.utils import timezone
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.backends import TokenBackend
from rest_framework_simplejwt.exceptions import TokenBackendError, TokenError

from accounts import personal
from accounts.models import PersonalToken, Session, User
from accounts.models.session import OF_PERSONAL_TOKEN, OF_SESSION
from events.models import Actor, Via
from taskhub.api.problems import InsufficientScope, Problem
from taskhub.postgresql.caller import Caller

MOST_KNOWN_TOKENS = 4096  # in each process, about a kilobyte each
EXACTNESS = 300  # seconds, of last_used_at


class InvalidCredentials(Problem):
    status_code = 401
    default_code = "invalid_credentials"
    default_detail = "Invalid username or password"


class KeyRing(TokenBackend):
    """Signs with the first of JWT_SIGNING_KEYS and verifies with the one named by `kid` (RFC 7515 section 4.1.4)."""

    def encode(self, payload: dict[str, Any]) -> str:
        kid, secret = next(iter(settings.JWT_SIGNING_KEYS.items()))
        payload = {**payload, "iss": self.issuer, "aud": self.audience}
        return jwt.encode(payload, secret, algorithm=self.algorithm, headers={"kid": kid})

    def get_verifying_key(self, token: Any) -> str:
        kid = jwt.get_unverified_header(token).get("kid", "")
        if kid not in settings.JWT_SIGNING_KEYS:
            raise TokenBackendError("The token names an unknown key.")
        return str(settings.JWT_SIGNING_KEYS[kid])


KEY_RING = KeyRing("HS256", audience=settings.PUBLIC_URL, issuer=settings.PUBLIC_URL)


class AccessToken(tokens.AccessToken):
    """Of a session (`sid`): short-lived, and refused once the session has ended."""

    _token_backend = KEY_RING

    @classmethod
    def of(cls, session: Session) -> "AccessToken":
        token = cls()
        token["sub"], token["sid"] = str(session.owner_id), str(session.pk)
        token["exp"] = min(token["exp"], int(session.expires_at.timestamp()))
        return token


class BearerAuthentication(BaseAuthentication):
    """Identifies the user whom a token names. Whether the account is active, and the session or personal token has not
    ended, is looked up on every request, by BaseView.perform_authentication or by the statement of a handler
    (checks_caller).
    """

    def authenticate(self, request: Request) -> tuple[Caller, Mapping[str, Any]] | None:
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        raw = raw.strip()
        if raw.startswith(personal.PREFIX):
            return by_personal_token(raw, request.parser_context["view"].needed_scope(request.method))
        return by_access_token(raw)

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def by_access_token(raw: str) -> tuple[Caller, Mapping[str, Any]]:
    """Raises AuthenticationFailed."""
    try:
        claims = verified(raw, tuple(settings.JWT_SIGNING_KEYS.items()))
    except TokenError as error:
        raise AuthenticationFailed from error
    now = time.time()
    if claims["exp"] <= now:
        raise AuthenticationFailed
    if now - claims["iat"] >= EXACTNESS:
        note_use(Session, claims["sid"], int(now // EXACTNESS))
    return caller_by(OF_SESSION, [claims["sid"], claims["sub"]]), claims


def by_personal_token(raw: str, scope: str) -> tuple[Caller, Mapping[str, Any]]:
    """Raises AuthenticationFailed and InsufficientScope."""
    try:
        pk, owner_id, scopes = known_token(personal.digest_of(raw))
    except PersonalToken.DoesNotExist as error:
        raise AuthenticationFailed from error
    caller = caller_by(OF_PERSONAL_TOKEN, [pk, owner_id])
    if scope and scope not in scopes:
        caller.check()  # who has no access any more is not told what the token lacks
        raise InsufficientScope
    note_use(PersonalToken, pk, int(time.time() // EXACTNESS))
    return caller, {"token_id": pk}


@lru_cache
def active_by(condition: str) -> str:
    """Made once, so that every request hands the same string to the caches of statements."""
    return f"SELECT users.id AS user_id, users.username, users.version FROM users {condition}"  # noqa: S608 - our own words


def caller_by(condition: str, found_by: list[str]) -> Caller:
    return Caller(found_by[1], active_by(condition), found_by, partial(look_up, condition, found_by))


@lru_cache(MOST_KNOWN_TOKENS)
def verified(raw: str, keys: tuple[tuple[str, str], ...]) -> Mapping[str, Any]:
    """The claims of an access token. A signature that was verified once stays valid; only the expiry is checked again.

    Raises TokenError, which is not cached.
    """
    claims = AccessToken(raw).payload
    if not {"sub", "sid", "iat"} <= claims.keys():
        raise TokenError("The token belongs to no session.")
    return MappingProxyType(claims)


@lru_cache(MOST_KNOWN_TOKENS)
def known_token(digest: bytes) -> tuple[str, str, frozenset[str]]:
    """Id, owner and scopes of a personal token, none of which ever changes. Raises PersonalToken.DoesNotExist."""
    pk, owner_id, scopes = PersonalToken.objects.values_list("pk", "owner_id", "scopes").get(digest=digest)
    return str(pk), str(owner_id), frozenset(scopes)


@lru_cache(MOST_KNOWN_TOKENS)
def note_use(model: type[Session] | type[PersonalToken], pk: str, window: int) -> None:
    """Sets last_used_at; each process at most once in a window of EXACTNESS."""
    model.objects.filter(pk=pk).update(last_used_at=timezone.now())


def look_up(condition: str, found_by: list[str]) -> User:
    """Raises AuthenticationFailed when what the caller was let in by has ended, or the account is not active."""
    try:
        return User.objects.found_by(condition, found_by)
    except User.DoesNotExist as error:
        raise AuthenticationFailed from error


def session_id_of(request: Request) -> str:
    """Of a request that personal access tokens cannot make."""
    claims: Any = request.auth
    return str(claims["sid"])


def user_of(request: Request) -> User:
    """The user of a request that only signed-in users may make, looked up."""
    assert isinstance(request.user, User)  # noqa: S101 - IsAuthenticated lets nobody else through
    return request.user


def actor_of(request: Request) -> Actor:
    """Who is named by the events of what this request changes."""
    return Actor(user_of(request).username, Via.API)
