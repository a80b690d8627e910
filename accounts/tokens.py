"""Refresh tokens. A spent one is in simplejwt's blacklist; of concurrent calls, the one whose insert succeeds wins."""

from typing import Any

import jwt
from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework_simplejwt import tokens
from rest_framework_simplejwt.exceptions import TokenError
from rest_framework_simplejwt.token_blacklist.models import BlacklistedToken, OutstandingToken
from rest_framework_simplejwt.utils import datetime_from_epoch

from accounts.authentication import AccessToken
from accounts.models import User
from taskhub.api.problems import Problem


class TokenNotValid(Problem):
    status_code = 401
    default_code = "token_not_valid"
    default_detail = "This refresh token is not valid, or was used before: sign in again."


class RefreshToken(tokens.RefreshToken):
    _token_backend = AccessToken._token_backend
    access_token_class = AccessToken

    @classmethod
    def for_user(cls, user: Any) -> "RefreshToken":
        token = cls()
        token["sub"] = str(user.pk)
        OutstandingToken.objects.create(user_id=user.pk, **token.row)
        return token

    @property
    def row(self) -> dict[str, Any]:
        """The row that the blacklist refers to. It does not hold the token: a thief gains nothing."""
        times = {"created_at": datetime_from_epoch(self["iat"]), "expires_at": datetime_from_epoch(self["exp"])}
        return {"jti": self["jti"], **times}

    def spend(self) -> bool:
        """Blacklist the token. Returns True for exactly one of any number of concurrent callers."""
        owner = User.objects.filter(pk=self["sub"])
        row, _ = OutstandingToken.objects.get_or_create(jti=self["jti"], defaults={**self.row, "user": owner.first})
        _, created = BlacklistedToken.objects.get_or_create(token=row)
        return bool(created)


def sign_in(user: User) -> RefreshToken | None:
    """A new refresh token for a user whose password was just verified; None if the user was deleted meanwhile."""
    with transaction.atomic():
        present = User.objects.filter(pk=user.pk, is_active=True).update(last_login=timezone.now())
        return RefreshToken.for_user(user) if present else None


def rotate(raw: str) -> RefreshToken:
    """Spend a refresh token for a new one. Raises TokenNotValid."""
    try:
        spent = RefreshToken(raw)
    except TokenError as error:
        raise TokenNotValid from error
    with transaction.atomic():
        # Locked, so that the user is not deleted before the new token is stored
        user = User.objects.select_for_update(no_key=True).filter(pk=spent["sub"], is_active=True).first()
        if user is None or not spent.spend():
            raise TokenNotValid
        return RefreshToken.for_user(user)


def revoke(raw: str) -> None:
    """Revoke a refresh token. One that is forged, expired or spent is useless already (RFC 7009 section 2.2).

    Raises ValidationError for anything that is not a refresh token, or the client would believe it had signed out.
    """
    try:
        claims = jwt.decode(raw, options={"verify_signature": False})
    except jwt.InvalidTokenError:
        claims = {}
    if claims.get("token_type") != RefreshToken.token_type:
        raise ValidationError({"refresh_token": [ErrorDetail("This is not a refresh token.", code="invalid")]})
    try:
        token = RefreshToken(raw)
    except TokenError:
        return
    with transaction.atomic():
        token.spend()
