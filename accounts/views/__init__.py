"""Sign-up, sign-in, and what belongs to an account."""

from accounts.views.access import SecurityEventViewSet, SessionViewSet, TokenViewSet
from accounts.views.me import Me, Password
from accounts.views.sign_in import Login, Logout, LogoutAll, Refresh, Register

__all__ = [
    "Login",
    "Logout",
    "LogoutAll",
    "Me",
    "Password",
    "Refresh",
    "Register",
    "SecurityEventViewSet",
    "SessionViewSet",
    "TokenViewSet",
]
