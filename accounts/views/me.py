"""The caller's own account."""

from django.contrib.auth import authenticate
from django.http import HttpResponse
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import openapi, sessions
from accounts.authentication import actor_of, session_id_of, user_of
from accounts.client import client_of
from accounts.models import SecurityEvent, User
from accounts.serializers import NewPasswordSerializer, UserSerializer
from events.conditions import require_version
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, MergePatchParser
from taskhub.api.views import SAFE, BaseView


@openapi.describe_me
class Me(BaseView):
    parser_classes = (JSONParser, MergePatchParser)
    scope = "session"

    def needed_scope(self, method: str | None) -> str:
        """Every token may read whose it is."""
        return "" if method in SAFE else super().needed_scope(method)

    def get(self, request: Request) -> HttpResponse:
        user = user_of(request)
        return answer(request, etag_of(user.version), lambda: UserSerializer(user).data)

    def patch(self, request: Request) -> HttpResponse:
        user = User.objects.locked(user_of(request).pk)
        require_version(request, user, lambda: UserSerializer(user).data)
        fields = UserSerializer(user, data=request.data, partial=True).checked()
        if fields.get("email", user.email) != user.email:
            fields["email_verified_at"] = None
            SecurityEvent.objects.record(SecurityEvent.Kind.EMAIL_CHANGED, user.pk, client_of(request))
        user.change(actor_of(request), **fields)
        return answer(request, etag_of(user.version), lambda: UserSerializer(user).data)


@openapi.describe_password
class Password(BaseView):
    scope = "session"
    atomic = False  # passwords take long to check
    takes_keys = False  # a key would keep a fast hash of the passwords

    def post(self, request: Request) -> Response:
        sent = NewPasswordSerializer(data=request.data, context={"username": user_of(request).username}).checked()
        user = authenticate(request, username=user_of(request).username, password=sent["current_password"])
        if not isinstance(user, User) or not sessions.change_password(
            user, sent["new_password"], session_id_of(request), client_of(request)
        ):
            wrong = ErrorDetail("This is not your current password.", code="wrong_password")
            raise ValidationError({"current_password": [wrong]})
        return Response(status=204)
