"""Second factors, from a shell: of staff, who need one to enter the admin, and of whoever has lost theirs."""

from typing import Any

from django.core.management import BaseCommand, CommandError, CommandParser
from django.db import transaction

from accounts import second_factor
from accounts.client import Client
from accounts.models import User
from taskhub.api.problems import Problem

HERE = Client(device="manage.py")


class Command(BaseCommand):
    help = "Add or remove the second factor of an account, or encrypt all with the present SECRET_KEY."

    def add_arguments(self, parser: CommandParser) -> None:
        actions = parser.add_subparsers(dest="action", required=True)
        for action in ("add", "remove"):
            actions.add_parser(action).add_argument("username")
        actions.add_parser("encrypt")

    def handle(self, *args: Any, action: str, username: str = "", **options: Any) -> None:
        if action == "encrypt":
            done, lost = second_factor.encrypt_anew()
            self.stdout.write(f"{done} encrypted with the present SECRET_KEY.")
            if lost:
                raise CommandError(f"{lost} stay as they are: no key of SECRET_KEY_FALLBACKS opens them.")
            return
        try:
            user = User.objects.get_by_natural_key(username)
        except User.DoesNotExist:
            raise CommandError("Nobody has this username.") from None
        try:
            self.add(user) if action == "add" else self.remove(user)
        except Problem as problem:
            raise CommandError(str(problem.detail)) from problem

    def add(self, user: User) -> None:
        """Raises Problem."""
        secret, uri = second_factor.enrol(user)
        self.stdout.write(
            f"Add this to an authenticator app, as text or as a QR code of the second line:\n{secret}\n{uri}"
        )
        codes = second_factor.confirm(user, input("Code of the app: "), HERE)
        self.stdout.write("It is needed from now on. Each of these recovery codes is good once, in place of a code:")
        self.stdout.write("\n".join(codes))

    def remove(self, user: User) -> None:
        with transaction.atomic():
            if not second_factor.remove(user, HERE, staff="manage.py"):
                raise CommandError("This account has no second factor.")
        self.stdout.write("Removed.")
