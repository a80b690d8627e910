"""Who sent the request, by `Authorization: Bearer <access token>` (RFC 6750)."""

from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request
from rest_framework_simplejwt.exceptions import TokenError

from accounts.models import User
from accounts.tokens import AccessToken
from taskhub.api.problems import Problem


class InvalidCredentials(Problem):
    status_code = 401
    default_code = "invalid_credentials"
    default_detail = "Invalid username or password"


class BearerAuthentication(BaseAuthentication):
    """Asks the database each time, so that a deactivated or deleted user is out at once."""

    def authenticate(self, request: Request) -> tuple[User, AccessToken] | None:
        scheme, _, raw = request.META.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return None
        try:
            token = AccessToken(raw.strip())
            return User.objects.active(token["sub"]), token
        except (TokenError, User.DoesNotExist) as error:
            raise AuthenticationFailed from error

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def caller(request: Request) -> User:
    """The user of a request that only signed-in users may make."""
    assert isinstance(request.user, User)  # noqa: S101 - IsAuthenticated has let nobody else through
    return request.user
