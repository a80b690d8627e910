"""The second factor of the caller's own account."""

from django.http import HttpResponse
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts import second_factor, sessions
from accounts.authentication import session_id_of, user_of
from accounts.client import client_of
from accounts.models import RecoveryCode, User
from accounts.openapi import access as openapi
from accounts.serializers import CodeSerializer
from taskhub.api.formats import JSONResponse
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import BaseView

NOT_STORED = {"Cache-Control": "no-store"}


@openapi.describe_second_factor
class SecondFactorView(BaseView):
    scope = "session"
    takes_keys = ("DELETE",)  # an answer that is kept would hold the secret

    def get(self, request: Request) -> JSONResponse:
        left = RecoveryCode.objects.filter(owner=user_of(request)).count()
        return JSONResponse({"enabled": second_factor.is_on(user_of(request)), "recovery_codes_left": left})

    def post(self, request: Request) -> JSONResponse:
        require_no_fields(request.data)
        sessions.require_recent_sign_in(session_id_of(request))
        secret, uri = second_factor.enrol(User.objects.locked(user_of(request).pk))
        return JSONResponse({"secret": secret, "otpauth_uri": uri}, status=201, headers=NOT_STORED)

    def delete(self, request: Request) -> HttpResponse:
        sessions.require_recent_sign_in(session_id_of(request))
        if not second_factor.remove(user_of(request), client_of(request)):
            raise NotFound
        return HttpResponse(status=204)


@openapi.describe_confirm_second_factor
class ConfirmSecondFactor(BaseView):
    scope = "session"
    atomic = False  # a wrong code is counted, though the answer is an error
    takes_keys = ()

    def post(self, request: Request) -> JSONResponse:
        code = CodeSerializer(data=request.data).checked()["code"]
        codes = second_factor.confirm(user_of(request), code, client_of(request))
        return JSONResponse({"recovery_codes": codes}, headers=NOT_STORED)
