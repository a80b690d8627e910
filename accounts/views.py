"""Sign-up, sign-in, tokens, and the caller's own account."""

from django.contrib.auth import authenticate
from django.http import HttpResponse
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import openapi, tokens
from accounts.authentication import AccessToken, InvalidCredentials, user_of
from accounts.models import User
from accounts.serializers import LoginSerializer, RefreshTokenSerializer, RegisterSerializer, UserSerializer
from events.conditions import require_version
from jobs.services import enqueue
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import FormParser, JSONParser, JSONResponse, MergePatchParser, MultiPartParser
from taskhub.api.views import BaseView


def token_pair(refresh: tokens.RefreshToken) -> JSONResponse:
    """RFC 6749 section 5.1."""
    body = {
        "access_token": str(refresh.access_token),
        "refresh_token": str(refresh),
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
        enqueue("welcome_email", str(user.pk), {"user_id": str(user.pk)}, owner=user)
        return JSONResponse(UserSerializer(user).data, status=201)


@openapi.describe_login
class Login(Public):
    parser_classes = (JSONParser, FormParser, MultiPartParser)

    def post(self, request: Request) -> JSONResponse:
        credentials = LoginSerializer(data=request.data).checked()
        user = authenticate(request, **credentials)
        if not isinstance(user, User) or not (refresh := tokens.sign_in(user)):
            raise InvalidCredentials
        return token_pair(refresh)


@openapi.describe_refresh
class Refresh(Public):
    def post(self, request: Request) -> JSONResponse:
        return token_pair(tokens.rotate(RefreshTokenSerializer(data=request.data).checked()["refresh_token"]))


@openapi.describe_logout
class Logout(Public):
    def post(self, request: Request) -> Response:
        tokens.revoke(RefreshTokenSerializer(data=request.data).checked()["refresh_token"])
        return Response(status=204)


@openapi.describe_me
class Me(BaseView):
    parser_classes = (JSONParser, MergePatchParser)

    def get(self, request: Request) -> HttpResponse:
        user = user_of(request)
        return answer(request, etag_of(user.version), lambda: UserSerializer(user).data)

    def patch(self, request: Request) -> HttpResponse:
        user = User.objects.locked(user_of(request).pk)
        require_version(request, user, lambda: UserSerializer(user).data)
        fields = UserSerializer(user, data=request.data, partial=True).checked()
        if "email" in fields:
            user.change_email(fields["email"])
        return answer(request, etag_of(user.version), lambda: UserSerializer(user).data)
