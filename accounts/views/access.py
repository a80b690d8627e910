"""By what the caller can be let in, and what happened to it: sessions, personal access tokens, security events."""

from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from accounts import personal, sessions
from accounts.authentication import session_id_of, user_of
from accounts.client import client_of
from accounts.models import PersonalToken, SecurityEvent, Session, User
from accounts.openapi import access as openapi
from accounts.serializers import (
    NewTokenSerializer,
    PersonalTokenSerializer,
    SecurityEventSerializer,
    SessionSerializer,
)
from taskhub.api.formats import JSONResponse
from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import QuotaExceeded
from taskhub.api.views import UUID, BaseView

Kind = SecurityEvent.Kind


class NewestPagination(CursorPagination):
    """By id, which is of version 7."""

    ordering: tuple[str, ...] = ("id",)


def read(
    found: QuerySet[Any], columns: Sequence[str], position: Sequence[str], skip: int, count: int
) -> list[dict[str, Any]]:
    """What a paginator takes instead of a queryset."""
    if position:
        found = found.filter(pk__lt=position[0])
    return list(found.order_by("-pk").values(*columns)[skip : skip + count])


class OwnedViewSet(BaseView, GenericViewSet[Model]):
    """Lists what the caller owns."""

    lookup_value_regex = UUID
    pagination_class = NewestPagination
    scope = "session"
    columns: tuple[str, ...]

    def query_parameters(self) -> Collection[str]:
        return NewestPagination.parameters if self.action == "list" else ()

    def list(self, request: Request) -> HttpResponse:
        rows: Any = partial(read, self.get_queryset(), self.columns)
        return self.get_paginated_response([self.shown(row) for row in self.paginate_queryset(rows) or []])

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return row


@openapi.describe_sessions
class SessionViewSet(OwnedViewSet):
    queryset = Session.objects.none()
    serializer_class = SessionSerializer
    columns = ("id", "device", "address", "created_at", "last_used_at", "signed_in_at")

    def get_queryset(self) -> QuerySet[Any]:
        return Session.objects.living(user_of(self.request))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "current": str(row["id"]) == session_id_of(self.request)}

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        if not sessions.end(str(user_of(request).pk), pk, Kind.SESSION_ENDED, client_of(request)):
            raise NotFound
        return HttpResponse(status=204)


@openapi.describe_tokens
class TokenViewSet(OwnedViewSet):
    takes_keys = ("DELETE",)  # an answer that is kept would hold the token
    queryset = PersonalToken.objects.none()
    serializer_class = PersonalTokenSerializer
    columns = ("id", "name", "scopes", "created_at", "expires_at", "last_used_at")

    def get_queryset(self) -> QuerySet[Any]:
        return PersonalToken.objects.filter(owner=user_of(self.request))

    def create(self, request: Request) -> JSONResponse:
        fields = NewTokenSerializer(data=request.data).checked()
        sessions.require_recent_sign_in(session_id_of(request))
        user = User.objects.locked(user_of(request).pk)  # or a deactivation could miss the token
        if settings.QUOTA_TOKENS and self.get_queryset()[: settings.QUOTA_TOKENS].count() >= settings.QUOTA_TOKENS:
            raise QuotaExceeded(settings.QUOTA_TOKENS, "personal access tokens")
        raw = personal.new_token()
        token = PersonalToken.objects.create(owner=user, digest=personal.digest_of(raw), **fields)
        SecurityEvent.objects.record(Kind.TOKEN_CREATED, user.pk, client_of(request), session_id=session_id_of(request))
        body = {name: getattr(token, name) for name in self.columns}
        return JSONResponse({**body, "token": raw}, status=201, headers={"Cache-Control": "no-store"})

    def destroy(self, request: Request, pk: str) -> HttpResponse:
        if not self.get_queryset().filter(pk=pk).delete()[0]:
            raise NotFound
        SecurityEvent.objects.record(
            Kind.TOKEN_REVOKED, user_of(request).pk, client_of(request), session_id=session_id_of(request)
        )
        return HttpResponse(status=204)


@openapi.describe_security_events
class SecurityEventViewSet(OwnedViewSet):
    queryset = SecurityEvent.objects.none()
    serializer_class = SecurityEventSerializer
    columns = ("id", "kind", "created_at", "address", "device", "request_id", "session_id", "staff")

    def get_queryset(self) -> QuerySet[Any]:
        return SecurityEvent.objects.filter(owner=user_of(self.request))

    def shown(self, row: dict[str, Any]) -> dict[str, Any]:
        return {**row, "by_staff": bool(row.pop("staff"))}
