"""Who is asking, and by what they prove it."""

from accounts.models.log import SecurityEvent
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
    "PersonalToken",
    "Scope",
    "SecurityEvent",
    "Session",
    "User",
    "UsernameTaken",
    "validate_visible",
]
