"""Reads what PostgreSQL does for every list of tasks that is always answered: docs/CONTRACT.md section 7."""

import json
from argparse import ArgumentTypeError
from collections.abc import Iterator
from datetime import timedelta
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection, transaction
from django.http import QueryDict
from django.utils import timezone

from accounts.models import User
from taskhub.postgresql.caller import Caller
from tasks import demo
from tasks.finding import admitted, search
from tasks.finding.parameters import Asker, wanted
from tasks.models import Dependency, Label, Task, TaskList
from tasks.progress import watched

# Blocks of 8 KiB that all statements of a list may touch. Up to 20 ranges of an index are merged, each found by some
# four blocks, and a page has 21 rows
MOST_BUFFERS = 400
# With words, or where no index has the order: up to 10,000 tasks are read, each by its words, its key and its row
MOST_BUFFERS_OF_SOME = 12 * search.MOST
MOST_SORTED = 21 * 20  # rows: a page of each range
RARE = "xylophone"


class Command(BaseCommand):
    help = (
        "Load tasks of one user, and read the plan of every list that is always answered. Fails when one reads a table"
        " from end to end, sorts more than a page, or touches more blocks than allowed. All is one transaction, which"
        " leaves nothing behind. Refused in production."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--tasks", type=number, default=1_000_000, metavar="N", help="how many; default 1000000")
        parser.add_argument("--verbose-plans", action="store_true", help="print what each list costs")

    def handle(self, *args: Any, tasks: int, verbose_plans: bool, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("It loads tasks and reads them again, which production has no time for.")
        try:
            with transaction.atomic():
                owner = self.load(tasks)
                faults, checked = [], 0
                for query, cost in self.costs(owner):
                    checked += 1
                    faults += [f"{query}: {fault}" for fault in cost.faults]
                    if verbose_plans:
                        self.stdout.write(f"{cost.buffers:>8,} blocks  {cost.milliseconds:>8.1f} ms  {query}")
                transaction.set_rollback(True)
        except KeyboardInterrupt as error:
            raise CommandError("Stopped. Nothing was changed.", returncode=130) from error
        if faults:
            raise CommandError("\n".join(faults))
        self.stdout.write(f"{checked} lists of {tasks:,} tasks read ranges of an index, and no more than allowed.")

    def load(self, tasks: int) -> User:
        owner = User.objects.create(username="query_plans", password="!")  # noqa: S106 - nobody can sign in by it
        now = timezone.now()
        rows = demo.rows([owner.pk], tasks, now, demo.furnish([owner.pk], lists=40, labels=100))
        watched_rows = watched(self.stdout, rows, tasks)
        while batch := list(islice(watched_rows, demo.BATCH)):
            demo.copy_rows(batch)
            Dependency.objects.bulk_create(demo.needed(batch), batch_size=2000)
        with connection.cursor() as cursor:
            cursor.execute("UPDATE tasks SET title = %s WHERE id IN (SELECT id FROM tasks LIMIT 50)", [f"Buy a {RARE}"])
            demo.analyze()
            cursor.execute("SELECT reltuples FROM pg_class WHERE oid = 'tasks'::regclass")
            if cursor.fetchone()[0] < tasks:
                raise CommandError("Only the owner of the tables may analyze them: set DATABASE_OWNER_URL.")
        return owner

    def costs(self, owner: User) -> Iterator[tuple[str, "Cost"]]:
        now = timezone.now()
        example = {
            "list": str(TaskList.objects.filter(owner=owner)[0].pk),
            "labels": list(Label.objects.filter(owner=owner).values_list("name", flat=True)[:3]),
            "parent": str(Task.objects.filter(owner=owner, parent__isnull=False).values_list("parent", flat=True)[0]),
            "word": "bank",
            "rare_word": RARE,
            "past": f"{now - timedelta(days=10):%Y-%m-%dT%H:%M:%SZ}",
            "future": f"{now + timedelta(days=30):%Y-%m-%dT%H:%M:%SZ}",
        }
        caller = Caller(
            str(owner.pk), "SELECT id AS user_id, username, version FROM users WHERE id = %s", [owner.pk], lambda: owner
        )
        for query in admitted.queries(example):
            text = urlencode(query, doseq=True)
            meant = wanted(QueryDict(text), Asker(owner.pk, lambda: "Europe/Vienna"))
            most = MOST_BUFFERS_OF_SOME if reads_some(query) else MOST_BUFFERS
            yield text or "(none)", Cost(caller, meant, most)


def reads_some(query: dict[str, Any]) -> bool:
    return "q" in query


class Cost:
    """What the statements for a page in the middle of a list, and for its count, cost."""

    def __init__(self, caller: Caller, meant: search.Wanted, most: int) -> None:
        self.faults: list[str] = []
        self.buffers, self.milliseconds = 0, 0.0
        statements: list[tuple[str, Any]] = []

        def note(execute: Any, sql: str, parameters: Any, many: bool, context: Any) -> Any:
            statements.append((sql, parameters))
            return execute(sql, parameters, many, context)

        with connection.execute_wrapper(note):
            first = search.tasks(caller, meant, count=21)
            if len(first) == 21:
                search.tasks(caller, meant, [str(first[-1][name]) for name in meant.sort.columns], count=21)
        for sql, parameters in statements:
            self.read(sql, parameters, most)
        if self.buffers > most * 2:
            self.faults.append(f"{self.buffers:,} blocks, of which {most * 2:,} are allowed")

    def read(self, sql: str, parameters: Any, most: int) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}", parameters)
            found = cursor.fetchone()[0]
        (explained,) = json.loads(found) if isinstance(found, str) else found
        self.milliseconds += explained["Execution Time"]
        self.buffers += explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"]
        for node in nodes(explained["Plan"]):
            if node["Node Type"] == "Seq Scan" and node["Relation Name"].startswith("task"):
                self.faults.append(f"reads {node['Relation Name']} from end to end")
            if "Sort" in node["Node Type"] and most == MOST_BUFFERS and node["Plans"][0]["Actual Rows"] > MOST_SORTED:
                self.faults.append(f"sorts {node['Plans'][0]['Actual Rows']:,.0f} rows")


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def number(value: str) -> int:
    if not value.isdecimal() or not 1000 <= int(value) <= 100_000_000:
        raise ArgumentTypeError("must be a whole number from 1000 to 100,000,000, without separators")
    return int(value)
