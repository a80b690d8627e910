"""What sign-up, sign-in and profile take and give (CONTRACT section 2)."""

from typing import Any

from django.core.validators import MaxLengthValidator, MinLengthValidator
from rest_framework import serializers

from accounts.models import LONGEST_SPELLING, LONGEST_USERNAME, SHORTEST_USERNAME, User, validate_visible
from taskhub.api.serializers import StrictSerializer, TextField


class UsernameField(TextField):
    """Its length is measured after normalization."""

    def __init__(self) -> None:
        super().__init__(
            validators=[MinLengthValidator(SHORTEST_USERNAME), MaxLengthValidator(LONGEST_USERNAME), validate_visible]
        )

    def to_internal_value(self, data: object) -> str:
        spelled = super().to_internal_value(data)
        return spelled if len(spelled) > LONGEST_SPELLING else str(User.normalize_username(spelled))


class EmailField(TextField, serializers.EmailField):
    pass


class UserSerializer(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    username = TextField(read_only=True)
    email = EmailField(allow_null=True, required=False, max_length=254)
    created_at = serializers.DateTimeField(read_only=True)
    version = serializers.IntegerField(read_only=True, min_value=1, help_text="Grows with each change. 1 when made.")


class RegisterSerializer(StrictSerializer):
    username = UsernameField()
    password = TextField(min_length=8, max_length=128, trim_whitespace=False, write_only=True)
    email = EmailField(allow_null=True, required=False, max_length=254)


class LoginSerializer(StrictSerializer):
    ignored_fields = frozenset({"grant_type", "scope", "client_id", "client_secret"})  # RFC 6749 section 4.3.2

    username = TextField()
    password = TextField(trim_whitespace=False)


class RefreshTokenSerializer(StrictSerializer):
    refresh_token = TextField()


class TokenPairSerializer(serializers.Serializer[Any]):
    access_token = serializers.CharField(help_text="For `Authorization: Bearer`.")
    refresh_token = serializers.CharField(help_text="Good for one call of `POST /auth/refresh`.")
    token_type = serializers.ChoiceField(["bearer"])
    expires_in = serializers.IntegerField(min_value=1, help_text="Seconds that the access token lives.")
