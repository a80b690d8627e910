"""The caller of a request, for statements that look the user up as they go."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

# As columns of a statement that begins with that CTE
USERNAME = "(SELECT username FROM caller)"
USER_VERSION = "(SELECT version FROM caller)"


@dataclass
class Caller:
    """The user named by a valid token. Whether the account is still active, only the database knows.

    A statement that begins with `WITH caller AS (<active>)` finds out: `active` selects one row
    (user_id, username, version), or none, and takes `parameters`. `before` are the CTEs that
    it needs, each with a comma. `look_up` returns the user, or raises if the account is not active.
    """

    pk: str
    active: str
    parameters: Sequence[Any]
    look_up: Callable[[], Any]
    checked: bool = False
    before: str = ""
    is_authenticated = True

    def check(self) -> None:
        """Raises if the account is not active. Does nothing if that was checked already."""
        if not self.checked:
            self.look_up()
            self.checked = True
