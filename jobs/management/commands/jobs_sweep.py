"""The sweep without beat: once, or again and again beside it. Any number may run."""

import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import InterfaceError, InternalError, OperationalError, close_old_connections

from jobs.recurring import enqueue_due
from jobs.sweep import sweep


class Command(BaseCommand):
    help = "Announce the jobs that nobody has come for, and register recurring ones that are due."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=seconds, metavar="SECONDS", help="go on until stopped; 0.1 to 3600")

    def handle(self, *args: Any, every: float | None = None, **options: Any) -> None:
        while every is not None:
            self.sweep_if_possible()
            time.sleep(every)
        self.sweep()

    def sweep_if_possible(self) -> None:
        try:
            self.sweep()
        except (OperationalError, InterfaceError, InternalError) as error:  # PostgreSQL will be back, or writable again
            self.stderr.write(f"PostgreSQL: {error}".strip())

    def sweep(self) -> None:
        close_old_connections()
        enqueue_due()
        found, announced = sweep()
        self.stdout.write(f"announced {announced} of {found} due jobs")
        self.stdout.flush()  # into a log somebody may be reading


def seconds(value: str) -> float:
    try:
        if 0.1 <= float(value) <= 3600:
            return float(value)
    except ValueError:
        pass
    raise ArgumentTypeError("must be a number of seconds from 0.1 to 3600")
