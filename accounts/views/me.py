"""The caller's own account."""

from django.contrib.auth import authenticate
from django.http import HttpResponse, HttpResponseBase, StreamingHttpResponse
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import closing, export, limits, sessions
from accounts.authentication import actor_of, session_id_of, user_of
from accounts.client import client_of
from accounts.mail import enqueue_verification, tell
from accounts.models import SecurityEvent, User
from accounts.openapi import me as openapi
from accounts.serializers import NewPasswordSerializer, UserSerializer
from events.conditions import require_version
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, JSONResponse, MergePatchParser
from taskhub.api.views import SAFE, BaseView


@openapi.describe_me
class Me(BaseView):
    parser_classes = (JSONParser, MergePatchParser)
    scope = "session"
    takes_keys = ("PATCH",)  # the session that would repeat the deletion has ended

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
            leave_address(request, user)
            if fields["email"]:
                enqueue_verification(user)
        user.change(actor_of(request), **fields)
        return answer(request, etag_of(user.version), lambda: UserSerializer(user).data)

    def delete(self, request: Request) -> Response:
        user = User.objects.locked(user_of(request).pk)
        require_version(request, user, lambda: UserSerializer(user).data)
        sessions.require_recent_sign_in(session_id_of(request))
        closing.close(user, actor_of(request), client_of(request))
        return Response(status=202)


@openapi.describe_export
class Export(BaseView):
    scope = "session"

    def get(self, request: Request) -> HttpResponseBase:
        user = user_of(request)
        sent_as = {"Cache-Control": "no-store", "Content-Disposition": 'attachment; filename="taskhub.json"'}
        if export.is_small(user):
            return HttpResponse(b"".join(export.document(user)), "application/json", headers=sent_as)
        job_id, size = export.kept_or_asked_for(user)
        if not size:
            return JSONResponse({"job_id": job_id}, 202, {"Location": f"/jobs/{job_id}"})
        return StreamingHttpResponse(
            export.kept(job_id), content_type="application/json", headers={**sent_as, "Content-Length": str(size)}
        )


def leave_address(request: Request, user: User) -> None:
    """Raises SignInAgain: whoever holds a session for a moment may not take a verified address away."""
    if user.email_verified_at:
        sessions.require_recent_sign_in(session_id_of(request))
    tell(user, SecurityEvent.objects.record(SecurityEvent.Kind.EMAIL_CHANGED, user.pk, client_of(request)))


@openapi.describe_password
class Password(BaseView):
    scope = "session"
    atomic = False  # passwords take long to check
    takes_keys = ()  # a key would keep a fast hash of the passwords

    def post(self, request: Request) -> Response:
        sent = NewPasswordSerializer(data=request.data, context={"username": user_of(request).username}).checked()
        limits.check_password(user_of(request))
        user = authenticate(request, username=user_of(request).username, password=sent["current_password"])
        if not isinstance(user, User) or not sessions.change_password(
            user, sent["new_password"], session_id_of(request), client_of(request)
        ):
            wrong = ErrorDetail("This is not your current password.", code="wrong_password")
            raise ValidationError({"current_password": [wrong]})
        return Response(status=204)
