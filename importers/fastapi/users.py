"""Users of the FastAPI service."""

import re

from django.contrib.auth.hashers import is_password_usable, make_password
from django.core.exceptions import ValidationError

from accounts.models import LONGEST_SPELLING, User
from importers.rows import NotTaken, Outcome, Row, insert, moment_of, require, uuid_of

# bcrypt as passlib writes it, up to a cost that a sign-in can afford: each step doubles it, the default is 12
BCRYPT = re.compile(r"\$2[aby]\$(0[4-9]|1[0-5])\$[./A-Za-z0-9]{53}")


def take_users(rows: list[Row]) -> Outcome:
    """Users keep id, name, password and time. A user whose name exists here already, in any case, is not imported."""
    outcome = Outcome()
    users = outcome.read(rows, "id", user_of)
    new, known = insert(users)
    outcome.taken, outcome.already_here = len(new), len(known)
    for user in users:
        if user.pk not in new | known:
            holder = User.objects.get_by_natural_key(user.username).pk
            outcome.remarks.append((str(user.pk), "username_taken", f"{user.username!r} is the name of {holder}"))
        elif user.pk in new and not is_password_usable(user.password):
            outcome.remarks.append(
                (str(user.pk), "password_not_taken", f"{user.username!r} needs a new one: no bcrypt")
            )
    return outcome


def user_of(row: Row) -> User:
    """Raises NotTaken."""
    require(row, "username", "hashed_password")
    if len(row["username"]) > LONGEST_SPELLING:
        raise NotTaken("username_refused", f"{len(row['username'])} characters")
    username = User.normalize_username(row["username"])
    try:
        User._meta.get_field("username").clean(username, None)
    except ValidationError as error:
        raise NotTaken("username_refused", f"{' '.join(error.messages)} {row['username']!r}") from error
    hashed = row["hashed_password"]
    password = f"bcrypt${hashed}" if BCRYPT.fullmatch(hashed) else make_password(None)
    return User(id=uuid_of(row["id"]), username=username, password=password, created_at=moment_of(row["created_at"]))
