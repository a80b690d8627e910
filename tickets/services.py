"""What is done with a plan as a whole. Each call is part of the caller's transaction, and locks the plan first."""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from django.db import transaction
from django.db.models import QuerySet, Sum
from django.utils import timezone
from rest_framework.exceptions import NotFound

from accounts.models import User
from events.models import Actor, Event, Via
from taskhub.api.problems import InputError, Problem
from taskhub.postgresql.caller import Caller
from taskhub.postgresql.statements import rows_in_order
from tickets.models import Finding, Plan, PlanEvent, SourceFile
from tickets.models.plan_event import KEPT as EVENTS_KEPT
from tickets.models.source_file import MOST_BYTES, MOST_FILES, TooManyFiles
from tickets.spreadsheets import reading
from tickets.spreadsheets.detection import detect
from tickets.spreadsheets.entities import PHASES, Declared, File
from tickets.spreadsheets.entities import Problem as Told
from tickets.spreadsheets.types import csv_types

MOST_AT_ONCE = 2_000  # rows of a plan that a request checks; with more, a job does
BATCH = 1000
KEPT = timedelta(days=7)  # a plan that nobody does anything with
MOST_PURGED = 200  # plans in one run of the job


class WrongStage(Problem):
    status_code = 409
    default_code = "wrong_stage"

    def __init__(self, stage: str, wanted: Iterable[str]) -> None:
        super().__init__(f"The plan is at the stage {stage}; this is done at {' or '.join(wanted)}.")


class BadFile(Problem):
    """A file that cannot be taken. The code of its error says why."""

    status_code = 400
    default_code = "validation_error"

    def __init__(self, code: str, detail: str) -> None:
        super().__init__("The file is not valid.")
        self.errors = (InputError(pointer="", code=code, detail=detail),)


def locked(user: User, pk: Any, *stages: str) -> Plan:
    """Raises NotFound, and WrongStage when the plan is at none of these stages."""
    plan: Plan | None = Plan.objects.owned_by(user).filter(pk=pk).select_for_update(no_key=True).first()
    if plan is None:
        raise NotFound
    if stages:
        require_stage(plan, *stages)
    return plan


def require_stage(plan: Plan, *stages: str) -> None:
    """Raises WrongStage."""
    if plan.stage not in stages:
        raise WrongStage(plan.stage, stages)


def require_plan(caller: Caller, plan_id: str, found: Any) -> None:
    """Raises NotFound when nothing was found of a plan that is not there."""
    if not found and not rows_in_order(caller, Plan._meta.db_table, ("id",), {"id": plan_id}, ("id",)):
        raise NotFound


def add_file(plan: Plan, name: str, body: bytes, actor: Actor, caller: Caller) -> tuple[SourceFile, bool]:
    """The file, and whether it is new: one that the plan has already is not read again.

    Raises BadFile, TooManyFiles and QuotaExceeded.
    """
    digest = hashlib.sha256(body).hexdigest()
    if there := plan.files.filter(sha256=digest).defer("rows").first():
        return there, False
    try:
        sheet = reading.read(body)
    except reading.NotReadable as error:
        raise BadFile(error.code, error.message) from error
    total = plan.files.aggregate(total=Sum("bytes"))["total"] or 0
    if plan.files.count() >= MOST_FILES or total + len(body) > MOST_BYTES:
        raise TooManyFiles
    key, confidence = detect(name, sheet.headers)
    file = SourceFile.new(
        owner_id=plan.owner_id,
        plan=plan,
        name=name,
        sha256=digest,
        bytes=len(body),
        csv_type=key,
        confidence=confidence,
        headers=sheet.headers,
        rows=sheet.rows,
        row_count=len(sheet.rows),
        skipped_rows=sheet.skipped,
        notes=[note._asdict() for note in sheet.notes],
    )
    plan.edit(files=True)
    PlanEvent.objects.record(plan, "file_added", actor, file=str(file.pk), name=name, type=key, rows=len(sheet.rows))
    file.insert(caller, chosen=False)
    return file, True


def remove_file(plan: Plan, file: SourceFile, actor: Actor) -> None:
    plan.edit(files=True)
    PlanEvent.objects.record(plan, "file_removed", actor, file=str(file.pk), name=file.name)
    file.remove(actor)


def remove_plan(plan: Plan, actor: Actor) -> None:
    """With its files, whose text counts towards a quota."""
    files = list(plan.files.defer("rows"))
    PlanEvent.objects.record(plan, "deleted", actor, site_name=plan.site_name, files=len(files))
    clear(plan)
    for rows in (plan.findings, plan.files):
        rows.all()._raw_delete(rows.db)
    Event.objects.record([file.removal() for file in files], actor)
    plan.remove(actor)


def forgotten(now: datetime) -> list[Any]:
    """The ids of plans that are old, the oldest first."""
    rows = Plan.objects.filter(active_at__lt=now - KEPT).order_by("active_at")
    return list(rows.values_list("pk", flat=True)[:MOST_PURGED])


def purge(pk: Any) -> bool:
    """In a transaction of its own: whether it was still old."""
    with transaction.atomic():
        old = Plan.objects.filter(pk=pk, active_at__lt=timezone.now() - KEPT)
        plan = old.select_for_update(no_key=True, skip_locked=True).first()
        if plan:
            remove_plan(plan, Actor("", Via.JOB))
    return plan is not None


def old_events(now: datetime) -> QuerySet[PlanEvent]:
    return PlanEvent.objects.filter(created_at__lt=now - EVENTS_KEPT).order_by("created_at")


def clear(plan: Plan) -> None:
    """Deletes the tickets, and with them what is about them. Without reading them: there can be many."""
    for rows in (plan.findings.exclude(ticket=None), plan.dependencies.all(), plan.tickets.all()):
        rows._raw_delete(rows.db)
    plan.touch(validated_revision=None)


class Cells(dict[str, str]):
    """Each text once: columns repeat theirs in most rows."""

    def __missing__(self, text: str) -> str:
        self[text] = text
        return text


def spreadsheets(plan: Plan) -> list[File]:
    """As they are checked, in the order of their names."""
    known, cells = csv_types(), Cells()
    files = []
    for row in plan.files.order_by("name", "pk").iterator(chunk_size=1):
        declared = [Declared(one["column"], one["to"]) for one in row.declared]
        rows = [reading.Row(number, [cells[cell] for cell in found]) for number, found in row.rows]
        files.append(File(str(row.pk), row.name, known[row.csv_type], row.headers, rows, declared))
        files[-1].problems += [
            Told("content", note["code"], note["message"], note["severity"], note["row"]) for note in row.notes
        ]
    return files


def check(plan: Plan, revision: int, files: list[File], actor: Actor) -> dict[str, Any] | None:
    """Keeps what the check of `files` has found, in place of what was found before.

    The caller holds the plan's lock. None when the plan has been changed since that revision.
    """
    if plan.revision != revision:
        return None
    plan.findings.filter(phase__in=PHASES).delete()
    findings = (
        Finding(
            owner_id=plan.owner_id,
            plan=plan,
            number=number,
            phase=problem.phase,
            severity=problem.severity,
            code=problem.code,
            file_id=file.id,
            row_number=problem.row,
            header=problem.column[:255],
            value=problem.value[:500],
            message=problem.message,
            suggestions=problem.suggestions,
        )
        for number, (file, problem) in enumerate(((f, p) for f in files for p in f.problems), 1)
    )
    while batch := list(islice(findings, BATCH)):
        Finding.objects.bulk_create(batch)
    plan.touch(checked_revision=revision)
    told = summary(files)
    PlanEvent.objects.record(plan, "checked", actor, **{name: told[name] for name in ("ok", "blocking", "warnings")})
    return told


def summary(files: list[File]) -> dict[str, Any]:
    found = Counter(
        (file.name, problem.phase, problem.code, problem.severity) for file in files for problem in file.problems
    )
    blocking = sum(number for (*_, severity), number in found.items() if severity == "blocking")
    warnings = sum(number for (*_, severity), number in found.items() if severity == "warning")
    names = ("file", "phase", "code", "severity", "number")
    return {
        "ok": not blocking,
        "blocking": blocking,
        "warnings": warnings,
        "entities": sum(len(file.entities) for file in files),
        "groups": [dict(zip(names, (*key, number), strict=True)) for key, number in found.items()],
    }
