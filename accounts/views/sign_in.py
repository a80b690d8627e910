"""Sign-up, sign-in, refresh and sign-out."""

from django.contrib.auth import authenticate
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import openapi, sessions
from accounts.authentication import AccessToken, InvalidCredentials, user_of
from accounts.client import Client, client_of
from accounts.models import SecurityEvent, Session, User
from accounts.serializers import LoginSerializer, RefreshTokenSerializer, RegisterSerializer, UserSerializer
from accounts.tokens import RefreshToken
from jobs.services import enqueue
from taskhub.api import idempotency
from taskhub.api.formats import FormParser, JSONParser, JSONResponse, MultiPartParser
from taskhub.api.serializers import StrictSerializer
from taskhub.api.views import BaseView


def token_pair(session: Session) -> JSONResponse:
    """RFC 6749 section 5.1."""
    body = {
        "access_token": str(AccessToken.of(session)),
        "refresh_token": str(RefreshToken.of(session)),
        "token_type": "bearer",
        "expires_in": int(AccessToken.lifetime.total_seconds()),
    }
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


class Public(BaseView):
    """A view for callers without an access token, or with an expired one."""

    authentication_classes = ()
    permission_classes = ()
    atomic = False  # passwords take long to check
    takes_keys = False  # what it answers opens doors


@openapi.describe_register
class Register(Public):
    atomic = True

    def post(self, request: Request) -> JSONResponse:
        user = User.objects.create_user(**RegisterSerializer(data=request.data).checked())
        SecurityEvent.objects.record(SecurityEvent.Kind.SIGNED_UP, user.pk, client_of(request))
        enqueue("welcome_email", str(user.pk), {"user_id": str(user.pk)}, owner=user)
        return JSONResponse(UserSerializer(user).data, status=201)


@openapi.describe_login
class Login(Public):
    parser_classes = (JSONParser, FormParser, MultiPartParser)

    def post(self, request: Request) -> JSONResponse:
        credentials = LoginSerializer(data=request.data).checked()
        user = authenticate(request, **credentials)
        if not isinstance(user, User) or not (session := sessions.begin(user, client_of(request))):
            note_refusal(credentials["username"], client_of(request))
            raise InvalidCredentials
        return token_pair(session)


def note_refusal(username: str, client: Client) -> None:
    """Also for a name that nobody has, so that it takes as long."""
    try:
        owner_id = User.objects.get_by_natural_key(username).pk
    except User.DoesNotExist:
        owner_id = None
    SecurityEvent.objects.record(SecurityEvent.Kind.SIGN_IN_REFUSED, owner_id, client)


@openapi.describe_refresh
class Refresh(Public):
    key: str | None = None

    def enclose_handler(self, request: Request) -> None:
        """The session keeps the key: an answer that is kept would hold tokens."""
        if idempotency.IN_META in request.META:
            self.key = idempotency.key_of(request)

    def post(self, request: Request) -> JSONResponse:
        token = RefreshTokenSerializer(data=request.data).checked()["refresh_token"]
        return token_pair(sessions.renew(token, self.key, client_of(request)))


@openapi.describe_logout
class Logout(Public):
    def post(self, request: Request) -> Response:
        sessions.sign_out(RefreshTokenSerializer(data=request.data).checked()["refresh_token"], client_of(request))
        return Response(status=204)


@openapi.describe_logout_all
class LogoutAll(BaseView):
    scope = "session"
    takes_keys = False  # the session that would repeat it has ended

    def post(self, request: Request) -> Response:
        StrictSerializer(data=request.data).is_valid(raise_exception=True)  # it has no body
        user = User.objects.locked(user_of(request).pk)
        sessions.end_all(user, SecurityEvent.Kind.SIGNED_OUT_EVERYWHERE, client_of(request))
        return Response(status=204)
