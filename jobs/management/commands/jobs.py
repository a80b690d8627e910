"""Background work on the command line. Each subcommand is one function and one entry of the parser."""

import os
import re
import sys
from argparse import ArgumentTypeError
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs import stats
from jobs.management import control
from jobs.management.control import Answer, job_named, person, text
from jobs.models import LONGEST_ID, NEWEST_FIRST, RETRIABLE, UNFINISHED, Attempt, Event, Job, State
from jobs.registry import NAME
from taskhub.api.formats import to_json

MOST_LISTED = 10_000
LISTED = ("job_id", "kind", "state", "attempt", "max_attempts", "error_code", "created_at", "run_at", "started_at")


class Command(BaseCommand):
    help = "Show background jobs, retry, cancel, pause and prune them."

    def add_arguments(self, parser: CommandParser) -> None:
        entries = parser.add_subparsers(title="subcommands", metavar="SUBCOMMAND", required=True)

        def entry(name: str, answer: Callable[..., Answer], said: str) -> CommandParser:
            subparser: CommandParser = entries.add_parser(name, help=said, description=f"{answer.__doc__}")
            subparser.add_argument("--json", action="store_true", help="one JSON document, for programs")
            subparser.set_defaults(answer=answer)
            return subparser

        listed = entry("list", list_jobs, "the newest jobs, one a line")
        listed.add_argument("--state", choices=State.values, metavar="STATE", help=", ".join(State.values))
        listed.add_argument("--kind", type=kind_name, help="such as welcome_email")
        listed.add_argument("--owner", metavar="USERNAME", help="whose jobs")
        listed.add_argument("--limit", type=limit, default=20, metavar="N", help=f"1 to {MOST_LISTED}; default 20")
        entry("show", show_job, "one job: all fields and its history").add_argument("job_id", metavar="JOB_ID")
        entry("stats", show_stats, "how many in each state, how late, what runs")
        for action, answer, states in (
            ("retry", control.retry, RETRIABLE),
            ("cancel", control.cancel, UNFINISHED),
        ):
            controlled = entry(action, answer, f"{action} jobs")
            controlled.add_argument("job_ids", nargs="*", metavar="JOB_ID", help="or say which by --state and --kind")
            controlled.add_argument("--state", choices=states, metavar="STATE", help=", ".join(states))
            controlled.add_argument("--kind", type=kind_name, help="such as welcome_email")
            controlled.add_argument("--limit", type=limit, default=100, metavar="N", help="the oldest N; default 100")
            controlled.add_argument("--by", type=person, help="who does it; default: the user of the operating system")
            controlled.add_argument("--yes", action="store_true", help="do not ask")
        for named in (
            entry("pause", control.pause, "let no job of a queue or kind begin"),
            entry("resume", control.resume, "let them begin again"),
        ):
            named.add_argument("names", nargs="+", type=control.pausable, metavar="NAME", help="queue:mail, kind:cron")
            named.add_argument("--by", type=person, help="who does it; default: the user of the operating system")
        pruned = entry("prune", control.prune, "delete finished jobs that need not be kept any longer")
        pruned.add_argument("--dry-run", action="store_true", help="count them, and delete nothing")

    def handle(self, *args: Any, answer: Callable[..., Answer], json: bool, **options: Any) -> None:
        document, lines = answer(**options)
        try:
            self.stdout.write(to_json(document).decode() if json else "\n".join(lines))
            self.stdout.flush()
        except (
            BrokenPipeError
        ):  # the reader, such as `head`, has closed the pipe; the rest of the buffer has to go somewhere at exit
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(document, dict) and document.get("refused"):
            sys.exit(1)


def list_jobs(state: str | None, kind: str | None, owner: str | None, limit: int, **_: Any) -> Answer:
    """The newest jobs, by when they were registered."""
    asked = {"state": state, "kind": kind, "owner": owner and user_named(owner).pk}
    jobs = Job.objects.filter(**{name: value for name, value in asked.items() if value is not None})
    # Owners by a statement of their own: a join would be computed for every job before the newest are known
    order = "-created_at" if owner else NEWEST_FIRST  # each has an index
    found = jobs.order_by(order, "-job_id").prefetch_related("owner")[:limit]
    rows = [described(job, (*LISTED, "finished_at")) for job in found]
    columns = ("created_at", "state", "attempt", "error_code", "job_id", "owner")
    return rows, table(columns, rows) if rows else ["No job matches."]


def show_job(job_id: str, **_: Any) -> Answer:
    """One job with every field, every attempt, and what people did with it."""
    job = job_named(job_id).prefetch_related("owner").first()
    if job is None:
        raise CommandError(f"There is no job {job_id[:LONGEST_ID]!r}. It may have been pruned.")
    fields = [field.name for field in Job._meta.concrete_fields if field.name != "owner"]
    tried, acted = ([field.name for field in model._meta.concrete_fields if field.name not in ("id", "job", "user")]
        for model in (Attempt, Event))  # fmt: skip
    document = described(job, fields)
    lines = job_lines(document, job.history())
    attempts, events = job.attempts.order_by("attempt").values(*tried), job.events.order_by("at").values(*acted)
    return {**document, "attempts": list(attempts), "events": list(events)}, lines


def job_lines(document: dict[str, Any], history: list[dict[str, Any]]) -> Iterator[str]:
    for name, value in document.items():
        yield f"{name:19} {cell(value)}".rstrip()
    yield ""
    columns = ("at", "what", "attempt", "who", "ended_at", "error")
    yield from table(columns, history) if history else ["No attempt was made."]


def show_stats(**_: Any) -> Answer:
    """How many jobs are in each state, how late the oldest due one is, what ended in the last hour, what runs."""
    document = stats.stats()
    return document, stats_lines(document)


def stats_lines(document: dict[str, Any]) -> Iterator[str]:
    for state, number in document["states"].items():
        yield f"{state:13}{'about ' if state in document['estimated'] else '':6}{number:>13,}"
    due, last_hour, running = (document[name] for name in ("oldest_due", "last_hour", "running"))
    yield f"Paused: {', '.join(document['paused']) or 'nothing'}."
    yield f"Due longest: {due['job_id']}, for {due['late_seconds']:,.0f} s." if due else "Nothing is due."
    if retrying := document["retrying"]:
        yield retrying_line(retrying)
    about = "about " if last_hour["estimated"] else ""
    yield f"In the last hour: {about}{last_hour['succeeded']:,} succeeded, {about}{last_hour['failed']:,} failed."
    if day := document["last_day"]:
        ended = f"{day['succeeded']:,} succeeded, {day['failed']:,} failed"
        yield f"In the last 24 hours: {ended}, after {day['retries']:,} retries."
    if about or document["estimated"]:
        yield f"What says about is an estimate: counting takes longer than {stats.QUERY_MILLISECONDS / 1000:g} s."
    if running:
        yield ""
        yield from table(("started_at", "worker", "attempt", "job_id"), running)
    if running is None:
        yield f"The running jobs are unknown: finding them takes longer than {stats.QUERY_MILLISECONDS / 1000:g} s."
    elif len(running) == stats.MOST_RUNNING:
        yield f"These are the {stats.MOST_RUNNING} that have been running longest."


def retrying_line(retrying: dict[str, Any]) -> str:
    if not retrying["jobs"]:
        return "No job waits for another attempt."
    return f"After errors, {retrying['jobs']:,} wait for another attempt, the next at {cell(retrying['next_at'])}."


def described(job: Job, fields: Iterable[str]) -> dict[str, Any]:
    return {**{name: getattr(job, name) for name in fields}, "owner": str(job.owner) if job.owner else None}


def table(columns: Iterable[str], rows: list[dict[str, Any]]) -> Iterator[str]:
    """Aligned columns. Put text that may be wide, or in any script, last."""
    lines = [[name.upper() for name in columns], *([cell(row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def cell(value: Any) -> str:
    if value is None or value == "":
        return "-"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%dT%H:%M:%SZ}"
    return text(value) if isinstance(value, str) else to_json(value).decode()


def user_named(username: str) -> Any:
    users = get_user_model()
    try:
        return users._default_manager.get_by_natural_key(username)
    except (users.DoesNotExist, UnicodeEncodeError) as error:  # some bytes are no text
        raise CommandError(f"There is no user {username[:100]!r}.") from error


def kind_name(value: str) -> str:
    if not NAME.fullmatch(value):
        raise ArgumentTypeError(f"{value[:100]!r} cannot be the name of a kind: it must match {NAME.pattern}")
    return value


def limit(value: str) -> int:
    if not re.fullmatch("[1-9][0-9]{0,9}", value) or int(value) > MOST_LISTED:
        raise ArgumentTypeError(f"must be a whole number from 1 to {MOST_LISTED}")
    return int(value)
