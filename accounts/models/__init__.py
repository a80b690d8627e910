"""Who is asking, and by what they prove it."""

from accounts.models.export import ExportPart
from accounts.models.log import SecurityEvent
from accounts.models.mailed import MailedToken, SentMail
from accounts.models.second_factor import RecoveryCode, SecondFactor
from accounts.models.session import PersonalToken, Scope, Session
from accounts.models.user import (
    LONGEST_SPELLING,
    LONGEST_USERNAME,
    SHORTEST_USERNAME,
    User,
    UsernameTaken,
    validate_visible,
)

__all__ = [
    "LONGEST_SPELLING",
    "LONGEST_USERNAME",
    "SHORTEST_USERNAME",
    "ExportPart",
    "MailedToken",
    "PersonalToken",
    "RecoveryCode",
    "Scope",
    "SecondFactor",
    "SecurityEvent",
    "SentMail",
    "Session",
    "User",
    "UsernameTaken",
    "validate_visible",
]
