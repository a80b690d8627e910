"""Demo users for trying things at scale. Their password is public, so production never has them."""

from datetime import datetime
from uuid import UUID, uuid5

from django.contrib.auth.hashers import make_password
from django.db import IntegrityError, connection

from accounts.models import User, UsernameTaken
from events.models import Actor, Change, Event, Kind, Via
from taskhub.postgresql.errors import original

PASSWORD = "demo demo demo"  # noqa: S105 - meant to be known
NAMESPACE = UUID("019aa524-7d1c-7a4e-9a51-5d2f60c7b3e8")
COLUMNS = "id, username, password, is_superuser, is_active, is_staff, created_at"
BATCH = 1000  # users deleted at a time


def username(number: int) -> str:
    return f"demo_{number:06d}"


def demo_id(name: str) -> UUID:
    """Always the same for a name and never given to anybody else, so a demo user can be told from a real one."""
    return uuid5(NAMESPACE, name)


def add_users(number: int, created_at: datetime) -> int:
    """Makes sure that demo users 1 to `number` exist. Returns how many were added.

    Raises UsernameTaken, naming the user, when a real user has one of the names.
    """
    password = make_password(PASSWORD)
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE demo_users (LIKE users INCLUDING DEFAULTS)")
        with cursor.copy(f"COPY demo_users ({COLUMNS}) FROM STDIN") as copy:
            for name in map(username, range(1, number + 1)):
                copy.write_row((demo_id(name), name, password, False, True, False, created_at))
        try:
            cursor.execute("INSERT INTO users SELECT * FROM demo_users ON CONFLICT (id) DO NOTHING RETURNING id")
            added = [pk for (pk,) in cursor.fetchall()]
        except IntegrityError as error:
            refused = original(error)
            if refused and refused.diag.constraint_name == "users_username_lower_key":
                raise UsernameTaken(refused.diag.message_detail) from error
            raise
        cursor.execute("DROP TABLE demo_users")
    made = [Change(pk, User.resource, pk, 1, Kind.CREATED) for pk in added]
    Event.objects.record(made, Actor("", Via.COMMAND))
    return len(added)


def remove_users() -> dict[str, int]:
    """Deletes the demo users and everything they own. Returns the number of rows deleted per model."""
    named = User.objects.filter(username__startswith="demo_").values_list("pk", "username")
    ours = [pk for pk, name in named.iterator() if pk == demo_id(name)]
    removed: dict[str, int] = {}
    for start in range(0, len(ours), BATCH):
        _, rows = User.objects.filter(pk__in=ours[start : start + BATCH]).delete()
        removed = {model: removed.get(model, 0) + rows.get(model, 0) for model in removed.keys() | rows.keys()}
    return removed
