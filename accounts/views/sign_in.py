"""Sign-up, sign-in, refresh and sign-out."""

from django.contrib.auth import authenticate
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import devices, limits, second_factor, sessions
from accounts.authentication import AccessToken, InvalidCredentials, user_of
from accounts.client import client_of
from accounts.hashing import gate
from accounts.models import SecurityEvent, Session, User
from accounts.openapi import sign_in as openapi
from accounts.serializers import (
    LoginSerializer,
    RefreshTokenSerializer,
    RegisterSerializer,
    SecondStepSerializer,
    UserSerializer,
)
from accounts.tokens import RefreshToken, session_of
from jobs.services import enqueue
from taskhub.api import idempotency
from taskhub.api.formats import FormParser, JSONParser, JSONResponse, MultiPartParser
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import BaseView


def token_pair(session: Session, **others: str) -> JSONResponse:
    """RFC 6749 section 5.1."""
    body = {
        "access_token": str(AccessToken.of(session)),
        "refresh_token": str(RefreshToken.of(session)),
        "token_type": "bearer",
        "expires_in": int(AccessToken.lifetime.total_seconds()),
        **others,
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


class Public(BaseView):
    """A view for callers without an access token, or with an expired one."""

    authentication_classes = ()
    permission_classes = ()
    atomic = False  # passwords take long to check
    takes_keys = ()  # what it answers opens doors


@openapi.describe_register
class Register(Public):
    atomic = True

    def post(self, request: Request) -> JSONResponse:
        sent = RegisterSerializer(data=request.data).checked()
        limits.sign_up(request, sent.get("email"))
        user = User.objects.create_user(**sent)
        SecurityEvent.objects.record(SecurityEvent.Kind.SIGNED_UP, user.pk, client_of(request))
        enqueue("welcome_email", str(user.pk), {"user_id": str(user.pk)}, owner=user)
        return JSONResponse(UserSerializer(user).data, status=201)


@openapi.describe_login
class Login(Public):
    parser_classes = (JSONParser, FormParser, MultiPartParser)

    def post(self, request: Request) -> JSONResponse:
        gate.require_place()
        credentials = LoginSerializer(data=request.data).checked()
        counted = limits.sign_in(request, credentials["username"])
        user = authenticate(request, **credentials)
        if not isinstance(user, User):
            sessions.note_refusal(credentials["username"], client_of(request))
            raise InvalidCredentials
        limits.signed_in(counted)
        if second_factor.is_on(user):
            raise second_factor.SecondFactorRequired(second_factor.new_challenge(user))
        return sign_in(request, user)


@openapi.describe_second_step
class SecondStep(Public):
    def post(self, request: Request) -> JSONResponse:
        sent = SecondStepSerializer(data=request.data).checked()
        user = second_factor.challenged(sent["challenge"])
        second_factor.check(user, sent["code"], client_of(request))
        return sign_in(request, user)


def sign_in(request: Request, user: User) -> JSONResponse:
    """Raises InvalidCredentials when the account has changed meanwhile."""
    known = devices.is_known(user, request.META.get(devices.HEADER, ""))
    session = sessions.begin(user, client_of(request), known)
    if session is None:
        raise InvalidCredentials
    return token_pair(session, device_token=devices.new_token(user))


@openapi.describe_refresh
class Refresh(Public):
    key: str | None = None

    def enclose_handler(self, request: Request) -> None:
        """The session keeps the key: an answer that is kept would hold tokens."""
        if idempotency.IN_META in request.META:
            self.key = idempotency.key_of(request)

    def post(self, request: Request) -> JSONResponse:
        token = RefreshTokenSerializer(data=request.data).checked()["refresh_token"]
        limits.refresh(request, session_of(token))
        return token_pair(sessions.renew(token, self.key, client_of(request)))


@openapi.describe_logout
class Logout(Public):
    def post(self, request: Request) -> Response:
        sessions.sign_out(RefreshTokenSerializer(data=request.data).checked()["refresh_token"], client_of(request))
        return Response(status=204)


@openapi.describe_logout_all
class LogoutAll(BaseView):
    scope = "session"
    takes_keys = ()  # the session that would repeat it has ended

    def post(self, request: Request) -> Response:
        require_no_fields(request.data)
        user = User.objects.locked(user_of(request).pk)
        sessions.end_all(user, SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE, client_of(request))
        return Response(status=204)
