"""Imports users, tasks and finished jobs from the FastAPI service: docs/MOVING.md."""

import json
from collections import Counter, defaultdict
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import psycopg
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import Error, transaction
from django.db import connection as own

from importers.fastapi import source
from importers.fastapi.jobs import take_jobs
from importers.fastapi.tasks import take_tasks
from importers.fastapi.users import take_users
from importers.rows import Outcome

TAKE = {"users": take_users, "tasks": take_tasks, "job_log": take_jobs}
MOST_SHOWN = 20  # rows shown per reason; --report has all
LONGEST_SHOWN = 120  # characters of an id, and of what is said about it


class Report:
    """What happened to the rows of each table. `file` gets every remark as JSON lines; memory holds the first few."""

    def __init__(self, file: IO[str] | None) -> None:
        self.file = file
        self.counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.reasons: Counter[tuple[str, str]] = Counter()
        self.shown: defaultdict[tuple[str, str], list[str]] = defaultdict(list)

    def add(self, table: str, rows: int, outcome: Outcome) -> None:
        rest = rows - outcome.taken - outcome.already_here
        self.counts[table].update({"taken": outcome.taken, "already here": outcome.already_here, "not taken": rest})
        for row_id, reason, detail in outcome.remarks:
            self.reasons[table, reason] += 1
            if self.reasons[table, reason] <= MOST_SHOWN:
                self.shown[table, reason].append(f"  {row_id!a:.80}  {cut(detail)}")
            if self.file:
                line = {"table": table, "id": row_id and cut(row_id), "reason": reason, "detail": cut(detail)}
                self.file.write(json.dumps(line) + "\n")

    def __str__(self) -> str:
        columns = ("taken", "already here", "not taken")
        lines = ["table  " + "".join(f"{column:>14}" for column in columns)]
        lines += [f"{table:7}" + "".join(f"{self.counts[table][column]:>14,}" for column in columns) for table in TAKE]
        for (table, reason), number in self.reasons.items():
            lines += ["", f"{table}: {reason}, {number:,}", *self.shown[table, reason]]
            if number > MOST_SHOWN:
                lines.append("  ..." if self.file else "  ... --report FILE lists all")
        return "\n".join(lines)


class Command(BaseCommand):
    help = (
        "Copy users, tasks and finished jobs from the PostgreSQL database of the FastAPI service, which is only read."
        " Run it as often as you like: what is here already is left as it is. What was deleted here meanwhile comes"
        " back, so let nobody in before the last run. Stopped halfway, it keeps the batches that are done. Rows that"
        " cannot be taken are reported and are no error. See docs/MOVING.md."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        where = f"{source.EXAMPLE}; leave the password to PGPASSWORD or ~/.pgpass to keep it out of the process list"
        parser.add_argument("url", metavar="DATABASE_URL", help=where)
        parser.add_argument("--dry-run", action="store_true", help="do all of it, report, and roll back")
        parser.add_argument("--report", metavar="FILE", help="write what could not be taken as JSON lines")

    def handle(self, *args: Any, url: str, dry_run: bool, report: str | None, **options: Any) -> None:
        kept = "Nothing was kept." if dry_run else "The batches before are here; run it again to go on."
        try:
            with ExitStack() as opened:
                connection = opened.enter_context(source.connected(url))
                found = Report(opened.enter_context(writable(report)) if report else None)
                if dry_run:
                    opened.enter_context(transaction.atomic())
                    opened.callback(transaction.set_rollback, True)
                for table in TAKE:
                    self.take(connection, table, found)
        except (psycopg.Error, UnicodeDecodeError) as error:  # a SQL_ASCII database may hold any bytes
            raise CommandError(f"The source failed: {source.first_line(error)}. {kept}") from error
        except Error as error:
            raise CommandError(f"Our own database failed: {str(error).partition(chr(10))[0]}. {kept}") from error
        except KeyboardInterrupt as error:
            raise CommandError(f"Stopped. {kept}", returncode=130) from error
        self.stdout.write(f"{found}\n\nThis was a dry run: nothing was kept." if dry_run else str(found))

    def take(self, connection: source.Source, table: str, report: Report) -> None:
        for number, rows in enumerate(source.batches(connection, table), 1):
            with transaction.atomic():
                outcome = TAKE[table](rows)
            report.add(table, len(rows), outcome)
            if number & (number - 1) == 0:  # 1, 2, 4, 8, ...
                analyze(table)
            if self.stdout.isatty():
                self.stdout.write(f"\r{table}: {report.counts[table].total():,}", ending="")
                self.stdout.flush()
        analyze(table)
        if self.stdout.isatty():
            self.stdout.write("")


def analyze(table: str) -> None:
    """Update the statistics: plans made for an empty table scan it, and stay cached until the statistics change."""
    with own.cursor() as cursor:
        cursor.execute(f"ANALYZE {table}")


def cut(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[: LONGEST_SHOWN - 3]}..."


def writable(path: str) -> IO[str]:
    """Raises CommandError."""
    try:
        return Path(path).open("w", encoding="utf-8")
    except OSError as error:
        raise CommandError(f"The report cannot be written: {error.strerror}.") from error
