"""What is taken for a new password (CONTRACT section 5)."""

from typing import Any

from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError

from accounts.models import User


class NotBlankValidator:
    def validate(self, password: str, user: Any = None) -> None:
        if not password.strip():
            raise ValidationError("A password may not be white space alone.", code="blank_password")

    def get_help_text(self) -> str:
        return "Not white space alone."


class NotUsernameValidator:
    def validate(self, password: str, user: Any = None) -> None:
        username = getattr(user, "username", "") or ""
        if username and User.normalize_username(password).casefold() == username.casefold():
            raise ValidationError("The password may not be the username.", code="password_is_username")

    def get_help_text(self) -> str:
        return "Not the username."


RULES = (NotBlankValidator(), NotUsernameValidator(), CommonPasswordValidator())


def check_password_rules(password: str, username: str) -> None:
    """Raises Django's ValidationError with all that is wrong. The length is for the field to check."""
    errors = []
    for rule in RULES:
        try:
            rule.validate(password, User(username=username))
        except ValidationError as error:
            errors.append(error)
    if errors:
        raise ValidationError(errors)
