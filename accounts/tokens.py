"""Refresh tokens: each names a session and one generation of it, of which only the present one is good."""

from typing import Any

import jwt
from django.conf import settings
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError

from accounts.authentication import KEY_RING, AccessToken
from accounts.models import Session
from taskhub.api.problems import Problem


class TokenNotValid(Problem):
    status_code = 401
    default_code = "token_not_valid"
    default_detail = "This refresh token is not valid, or was used before: sign in again."


class RefreshToken(tokens.RefreshToken):
    _token_backend = KEY_RING
    access_token_class = AccessToken

    @classmethod
    def of(cls, session: Session) -> "RefreshToken":
        """The same each time, as long as the session is not renewed."""
        token = cls()
        token.payload |= {
            "sub": str(session.owner_id),
            "sid": str(session.pk),
            "gen": session.generation,
            "jti": f"{session.pk.hex}-{session.generation}",
            "iat": int(session.renewed_at.timestamp()),
            "exp": int(session.expires_at.timestamp()),
        }
        return token

    @classmethod
    def read(cls, raw: str) -> "RefreshToken":
        """Raises TokenNotValid."""
        try:
            token = cls(raw)
        except TokenError as error:
            raise TokenNotValid from error
        if not {"sub", "sid", "gen"} <= token.payload.keys():
            raise TokenNotValid
        return token


def session_of(raw: str) -> str | None:
    """The id of the session that a refresh token names; None for one that is not valid."""
    try:
        return str(RefreshToken.read(raw)["sid"])
    except TokenNotValid:
        return None


def session_to_end(raw: str) -> dict[str, Any] | None:
    """The claims of a refresh token, also of one that has expired; None for one that is forged.

    Raises ValidationError for anything that is not a refresh token, or the client would believe it had signed out.
    """
    try:
        kid = jwt.get_unverified_header(raw).get("kid", "")
        claims = jwt.decode(raw, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        claims = {}
    if claims.get("token_type") != RefreshToken.token_type:
        raise ValidationError({"refresh_token": [ErrorDetail("This is not a refresh token.", code="invalid")]})
    options = {"verify_exp": False, "require": ["sub", "sid"]}
    try:
        audience = {"audience": KEY_RING.audience, "issuer": KEY_RING.issuer}
        return jwt.decode(raw, settings.JWT_SIGNING_KEYS.get(str(kid), ""), ["HS256"], options, **audience)  # type: ignore[arg-type]
    except jwt.PyJWTError:
        return None
