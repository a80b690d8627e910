"""The sweep without beat: once, or again and again beside it. Any number may run."""

import time
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import close_old_connections

from jobs.recurring import enqueue_due
from jobs.sweep import sweep


class Command(BaseCommand):
    help = "Announce the jobs that nobody has come for, and register recurring ones that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=float, metavar="SECONDS", help="go on until stopped")

    def handle(self, *args: Any, every: float | None = None, **options: Any) -> None:
        while True:
            close_old_connections()
            enqueue_due()
            found, announced = sweep()
            self.stdout.write(f"announced {announced} of {found} due jobs")
            if every is None:
                return
            time.sleep(every)
