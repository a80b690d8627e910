"""What mails lead to: an address is verified, another password set. And the pages behind their links."""

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from uuid_utils.compat import uuid7

from accounts import limits, mailed
from accounts.authentication import user_of
from accounts.client import client_of
from accounts.mail import enqueue_verification
from accounts.models import User
from accounts.openapi import me as openapi
from accounts.serializers import EmailSerializer, MailedTokenSerializer, ResetSerializer, keep_rules
from accounts.views.sign_in import Public
from jobs.services import enqueue
from taskhub.api.formats import JSONResponse
from taskhub.api.health import Probe
from taskhub.api.problems import Conflict
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import BaseView


@openapi.describe_verify
class Verify(Public):
    def post(self, request: Request) -> Response:
        limits.ask_for_mail(request)
        mailed.verify(MailedTokenSerializer(data=request.data).checked()["token"], client_of(request))
        return Response(status=204)


@openapi.describe_send_verification
class SendVerification(BaseView):
    scope = "session"

    def post(self, request: Request) -> JSONResponse:
        require_no_fields(request.data)
        user = user_of(request)
        if not user.email or user.email_verified_at:
            raise Conflict("There is no address to verify.")
        limits.ask_for_mail(request, user.email)
        return JSONResponse({"job_id": enqueue_verification(user)}, status=202)


@openapi.describe_reset
class ResetPassword(Public):
    atomic = True

    def post(self, request: Request) -> Response:
        """Enqueues a job also for an address that nobody has, so that it takes as long."""
        address = EmailSerializer(data=request.data).checked()["email"]
        limits.ask_for_mail(request, address)
        found = User.objects.with_verified(address).values_list("pk", flat=True).first()
        enqueue("password_reset", str(uuid7()), {"user_id": str(found) if found else None})
        return Response(status=202)


@openapi.describe_confirm_reset
class ConfirmReset(Public):
    def post(self, request: Request) -> Response:
        limits.ask_for_mail(request)
        sent = ResetSerializer(data=request.data).checked()
        user = mailed.find(sent["token"], mailed.Purpose.RESET).owner
        keep_rules(sent, "new_password", user.username)
        mailed.reset_password(sent["token"], sent["new_password"], client_of(request))
        return Response(status=204)


class LinkPage(Probe):
    """Its address has the token behind a `#`, which browsers send nowhere. A button spends it: what opens links, such
    as a scanner of mails, does nothing.
    """

    template: str
    title: str

    def get(self, request: Request) -> HttpResponse:
        return render(request._request, f"accounts/{self.template}.html", {"title": self.title})


@extend_schema(exclude=True)
class VerifyPage(LinkPage):
    template, title = "verify_page", "Confirm your address"


@extend_schema(exclude=True)
class ResetPage(LinkPage):
    template, title = "reset_page", "Choose a new password"
