"""The door to the admin: a password, and a code of the second factor."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.admin.forms import AdminAuthenticationForm
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import ValidationError
from django.dispatch import receiver
from django.http import HttpRequest

from accounts import limits, second_factor
from accounts.client import Client, client_of
from accounts.models import SecurityEvent, User
from accounts.sessions import note_refusal


class SignIn(AdminAuthenticationForm):
    code = forms.CharField(
        required=False,
        max_length=40,
        label="Code",
        help_text="Of your authenticator app, or a recovery code, if your account has a second factor.",
        widget=forms.TextInput(attrs={"autocomplete": "one-time-code"}),
    )
    error_messages = {  # Django's says that both fields are case-sensitive, but usernames are not
        **AdminAuthenticationForm.error_messages,
        "invalid_login": "No staff account has this username and password. Case matters in the password only.",
    }

    @property
    def client(self) -> Client:
        return client_of(self.request) if self.request else Client()

    def clean(self) -> dict[str, Any]:
        """Raises RateLimited, too."""
        username = self.cleaned_data.get("username") or ""
        counted = limits.sign_in(self.request, username) if self.request else ""
        try:
            cleaned = super().clean()
        except ValidationError:
            note_refusal(username, self.client)
            raise
        limits.signed_in(counted)
        if self.user_cache:
            self.check_code(self.user_cache, cleaned["code"])
        return cleaned

    def check_code(self, user: User, code: str) -> None:
        if not second_factor.is_on(user):
            if settings.ADMIN_SECOND_FACTOR == "required":
                raise ValidationError(
                    "This account needs a second factor: python manage.py second_factor add %(username)s",
                    params={"username": user.username},
                )
            return
        try:
            second_factor.check(user, code, self.client)
        except second_factor.InvalidCode as error:
            raise ValidationError({"code": str(error.detail)}) from error
        except second_factor.TooManyCodes as error:
            raise ValidationError({"code": f"{error.detail} Try again in {error.retry_after} seconds."}) from error


@receiver(user_logged_in)
def note_sign_in(sender: Any, request: HttpRequest, user: User, **_: Any) -> None:
    SecurityEvent.objects.record(SecurityEvent.Kind.SIGNED_IN, user.pk, client_of(request))
