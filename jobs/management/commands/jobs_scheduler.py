"""The sweep and the ticks of recurring work, which need no message. Any number may run at once."""

import logging
import signal
import sys
import time
from argparse import ArgumentTypeError
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import DatabaseError, InterfaceError, close_old_connections

from jobs.recurring import enqueue_due
from jobs.sweep import sweep

log = logging.getLogger("jobs.scheduler")


class Command(BaseCommand):
    help = "Wake workers for jobs that are due, and register recurring ones, again and again until stopped."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--every", type=seconds, default=2.0, metavar="SECONDS", help="0.1 to 3600; default 2")
        parser.add_argument("--once", action="store_true", help="do it once, and end")

    def handle(self, *args: Any, every: float, once: bool, **options: Any) -> None:
        if once:
            look()
            return
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        log.info("scheduler ready.")
        while True:
            try:
                look()
            except (DatabaseError, InterfaceError) as error:  # PostgreSQL will be back, or writable again
                log.warning("PostgreSQL: %s", str(error).strip())
            time.sleep(every)


def look() -> None:
    close_old_connections()
    enqueue_due()
    for queue, woken in sweep().items():
        log.debug("jobs are due in %s; %s", queue, "a worker is woken" if woken else "the broker does not answer")


def seconds(value: str) -> float:
    try:
        if 0.1 <= float(value) <= 3600:
            return float(value)
    except ValueError:
        pass
    raise ArgumentTypeError("must be a number of seconds from 0.1 to 3600")
