"""Who sends a request, for statements that look the user up on the way."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

USERNAME = "(SELECT username FROM caller)"  # as a column of a statement that begins so


@dataclass
class Caller:
    """The user whom a genuine token names. Whether they may still ask, only the database knows.

    A statement that begins `WITH caller AS (<active>)` finds out: `active` selects one row, (user_id, username), or
    none. It takes `parameters`. `look_up` returns the user, or raises for one who may not ask.
    """

    pk: str
    active: str
    parameters: Sequence[Any]
    look_up: Callable[[], Any]
    checked: bool = False
    is_authenticated = True

    def check(self) -> None:
        """Raises if the user may not ask. Does nothing where that is known already."""
        if not self.checked:
            self.look_up()
            self.checked = True
