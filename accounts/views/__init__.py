"""Sign-up, sign-in, and what belongs to an account."""

from accounts.views.access import SecurityEventViewSet, SessionViewSet, TokenViewSet
from accounts.views.mailed import ConfirmReset, ResetPage, ResetPassword, SendVerification, Verify, VerifyPage
from accounts.views.me import Export, Me, Password
from accounts.views.second_factor import ConfirmSecondFactor, SecondFactorView
from accounts.views.sign_in import Login, Logout, LogoutAll, Refresh, Register, SecondStep

__all__ = [
    "ConfirmReset",
    "ConfirmSecondFactor",
    "Export",
    "Login",
    "Logout",
    "LogoutAll",
    "Me",
    "Password",
    "Refresh",
    "Register",
    "ResetPage",
    "ResetPassword",
    "SecondFactorView",
    "SecondStep",
    "SecurityEventViewSet",
    "SendVerification",
    "SessionViewSet",
    "TokenViewSet",
    "Verify",
    "VerifyPage",
]
