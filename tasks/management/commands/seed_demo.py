"""Fills the database with demo users and tasks, for trying things at scale."""

import re
import time
from argparse import ArgumentTypeError
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.utils import timezone

from accounts import demo as demo_users
from accounts.models import UsernameTaken
from tasks import demo as demo_tasks
from tasks.progress import watched

MOST_USERS = 1_000_000
MOST_TASKS = 100_000_000


def whole_number(most: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        if not re.fullmatch("[1-9][0-9]{0,9}", value) or int(value) > most:
            raise ArgumentTypeError(f"must be a whole number from 1 to {most:,}, without separators")
        return int(value)

    return read


class Command(BaseCommand):
    help = (
        "Add demo users (demo_000001, ...) with one known password, and tasks of theirs over the past year, with lists,"
        " labels, subtasks, dependencies, due dates and comments; a fifth belongs to the first user. Run again, it adds"
        " tasks to the same users. Nobody else is touched. All is one transaction: stopped by Ctrl-C, it leaves nothing"
        " behind. Refused in production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        users, tasks = whole_number(MOST_USERS), whole_number(MOST_TASKS)
        parser.add_argument("--users", type=users, default=100, metavar="N", help="how many users; default 100")
        parser.add_argument("--tasks", type=tasks, default=10_000, metavar="M", help="tasks in all; default 10000")
        parser.add_argument("--remove", action="store_true", help="delete the demo users and what is theirs instead")

    def handle(self, *args: Any, users: int, tasks: int, remove: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Demo users have a password that everybody knows: there are none in production.")
        try:
            with transaction.atomic():
                said = self.remove() if remove else self.add(users, tasks)
        except UsernameTaken as error:
            raise CommandError(f"A user who is no demo user has the name of one. {error} Nothing was added.") from error
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. Nothing was changed.", returncode=130) from error
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE users, tasks")  # so that the planner knows the new size
        self.stdout.write(said)

    def add(self, users: int, tasks: int) -> str:
        begun, now = time.monotonic(), timezone.now()
        added = demo_users.add_users(users, created_at=now - demo_tasks.YEAR)
        owners = [demo_users.demo_id(demo_users.username(number)) for number in range(1, users + 1)]
        rows = demo_tasks.rows(owners, tasks, now, demo_tasks.furnish(owners))
        demo_tasks.add(watched(self.stdout, rows, tasks))
        return (
            f"Added {added:,} users ({users - added:,} were here) and {tasks:,} tasks"
            f" in {time.monotonic() - begun:.1f} s.\n"
            f"Sign in as {demo_users.username(1)} to {demo_users.username(users)}"
            f" with the password: {demo_users.PASSWORD}"
        )

    def remove(self) -> str:
        removed = demo_users.remove_users()
        return f"Removed {removed.get('accounts.User', 0):,} demo users and {removed.get('tasks.Task', 0):,} tasks."
