"""What sign-up, sign-in and profile take and give (CONTRACT section 2)."""

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError as NotGood
from django.core.validators import MaxLengthValidator, MinLengthValidator
from django.utils import timezone
from rest_framework import serializers
from rest_framework.fields import get_error_detail

from accounts.addresses import validate_address
from accounts.models import Scope, SecurityEvent, User
from accounts.models.user import (
    LONGEST_NAME,
    LONGEST_SPELLING,
    LONGEST_USERNAME,
    SHORTEST_USERNAME,
    normalized_password,
    validate_time_zone,
)
from accounts.passwords import check_password_rules
from accounts.usernames import validate_new_username
from taskhub.api.serializers import StrictSerializer, TextField


class UsernameField(TextField):
    """Its length is measured after normalization."""

    def __init__(self) -> None:
        super().__init__(
            validators=[
                MinLengthValidator(SHORTEST_USERNAME),
                MaxLengthValidator(LONGEST_USERNAME),
                validate_new_username,
            ]
        )

    def to_internal_value(self, data: object) -> str:
        spelled = super().to_internal_value(data)
        return spelled if len(spelled) > LONGEST_SPELLING else str(User.normalize_username(spelled))


class NewPasswordField(TextField):
    """Its length is measured after normalization."""

    def __init__(self) -> None:
        super().__init__(min_length=8, max_length=128, trim_whitespace=False, write_only=True)

    def to_internal_value(self, data: object) -> str:
        return normalized_password(super().to_internal_value(data))


class EmailField(TextField, serializers.EmailField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)
        self.validators.append(validate_address)


class UserSerializer(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    username = TextField(read_only=True)
    email = EmailField(allow_null=True, required=False)
    email_verified_at = serializers.DateTimeField(read_only=True, allow_null=True)
    created_at = serializers.DateTimeField(read_only=True)
    name = TextField(required=False, max_length=LONGEST_NAME, allow_blank=True, help_text="As people call you.")
    time_zone = TextField(required=False, validators=[validate_time_zone], help_text="An IANA name.")
    version = serializers.IntegerField(read_only=True, min_value=1, help_text="Grows with each change. 1 when made.")


class RegisterSerializer(StrictSerializer):
    username = UsernameField()
    password = NewPasswordField()
    email = EmailField(allow_null=True, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return keep_rules(attrs, "password", attrs["username"])


class NewPasswordSerializer(StrictSerializer):
    """`username` in the context is whose password it is."""

    current_password = TextField(trim_whitespace=False, write_only=True)
    new_password = NewPasswordField()

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        return keep_rules(attrs, "new_password", self.context["username"])


def keep_rules(attrs: dict[str, Any], field: str, username: str) -> dict[str, Any]:
    """`attrs`, if the password in `field` keeps the rules of passwords. Raises ValidationError."""
    try:
        check_password_rules(attrs[field], username)
    except NotGood as error:
        raise serializers.ValidationError({field: get_error_detail(error)}) from error
    return attrs


class EmailSerializer(StrictSerializer):
    email = EmailField()


class MailedTokenSerializer(StrictSerializer):
    token = TextField(max_length=100, help_text="What follows `#` in the link of the mail.")


class ResetSerializer(MailedTokenSerializer):
    new_password = NewPasswordField()


class CodeSerializer(StrictSerializer):
    code = TextField(max_length=40, help_text="Six digits, or a recovery code.")


class SecondStepSerializer(CodeSerializer):
    challenge = TextField(max_length=300)


class SecondFactorSerializer(serializers.Serializer[Any]):
    enabled = serializers.BooleanField()
    recovery_codes_left = serializers.IntegerField(min_value=0)


class NewSecondFactorSerializer(serializers.Serializer[Any]):
    secret = serializers.CharField(help_text="Base32, shown this once.")
    otpauth_uri = serializers.CharField(help_text="The same for an authenticator app, to be shown as a QR code.")


class RecoveryCodesSerializer(serializers.Serializer[Any]):
    recovery_codes = serializers.ListField(child=serializers.CharField(), help_text="Shown this once.")


class EnqueuedSerializer(serializers.Serializer[Any]):
    job_id = serializers.CharField(help_text="Of `GET /jobs/{job_id}`.")


class LoginSerializer(StrictSerializer):
    ignored_fields = frozenset({"grant_type", "scope", "client_id", "client_secret"})  # RFC 6749 section 4.3.2

    username = TextField()
    password = TextField(trim_whitespace=False)


class RefreshTokenSerializer(StrictSerializer):
    refresh_token = TextField()


class SessionSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    device = serializers.CharField(help_text="The beginning of its `User-Agent`.")
    address = serializers.IPAddressField(allow_null=True, help_text="From which it was last renewed.")
    created_at = serializers.DateTimeField()
    last_used_at = serializers.DateTimeField(help_text="Exact to five minutes.")
    signed_in_at = serializers.DateTimeField()
    current = serializers.BooleanField(help_text="Whether it is the one that asks.")


class PersonalTokenSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    name = serializers.CharField()
    scopes = serializers.ListField(child=serializers.ChoiceField(Scope.choices))
    created_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True)
    last_used_at = serializers.DateTimeField(allow_null=True, help_text="Exact to five minutes.")


class NewTokenSerializer(StrictSerializer):
    name = TextField(max_length=100)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(Scope.choices), allow_empty=False, max_length=len(Scope)
    )
    expires_at = serializers.DateTimeField(allow_null=True, required=False)

    def validate_scopes(self, scopes: list[str]) -> list[str]:
        return sorted(set(scopes))

    def validate_expires_at(self, expires_at: datetime | None) -> datetime | None:
        if expires_at and expires_at <= timezone.now():
            raise serializers.ValidationError("This time has passed.", code="in_the_past")
        return expires_at


class CreatedTokenSerializer(PersonalTokenSerializer):
    token = serializers.CharField(help_text="Shown this once.")


class SecurityEventSerializer(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    kind = serializers.ChoiceField(SecurityEvent.Kind.choices)
    created_at = serializers.DateTimeField()
    address = serializers.IPAddressField(allow_null=True)
    device = serializers.CharField()
    request_id = serializers.CharField()
    session_id = serializers.UUIDField(allow_null=True)
    by_staff = serializers.BooleanField()


class TokenPairSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField(help_text="For `Authorization: Bearer`.")
    refresh_token = serializers.CharField(help_text="Good for one call of `POST /auth/refresh`.")
    token_type = serializers.ChoiceField(["bearer"])
    expires_in = serializers.IntegerField(min_value=1, help_text="Seconds that the access token lives.")


class SignedInSerializer(TokenPairSerializer):
    device_token = serializers.CharField(help_text="For `X-Device-Token` of the next sign-in on this device.")
