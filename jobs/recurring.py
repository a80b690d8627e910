"""Registers recurring work. Each tick is a job whose id contains its instant: N schedulers register it once."""

from datetime import datetime

from django.db import connection, transaction

from jobs.models import UNFINISHED, Job, KnownSchedule
from jobs.registry import Schedule, schedules
from jobs.services import enqueue


def enqueue_due() -> None:
    """Register the latest tick of each schedule, unless it was before the schedule was first seen."""
    with transaction.atomic():
        now, since = database_now(), known_since()
        ticks = {name: schedule.latest_tick(now) for name, schedule in schedules.items()}
        keys = {name: f"{name}:{tick:%Y-%m-%dT%H:%M:%SZ}" for name, tick in ticks.items() if tick >= since[name]}
        known = set(Job.objects.filter(pk__in=[f"cron:{key}" for key in keys.values()]).values_list("pk", flat=True))
        for name, key in keys.items():
            if f"cron:{key}" not in known and may_begin(name, schedules[name]):
                enqueue("cron", key, {"name": name})


def known_since() -> dict[str, datetime]:
    """Since when each schedule has been in force; new ones count from now."""
    definitions = {(name, schedule.definition) for name, schedule in schedules.items()}
    rows = KnownSchedule.objects.filter(name__in=schedules)
    if new := definitions - {(row.name, row.definition) for row in rows}:
        made = [KnownSchedule(name=name, definition=definition) for name, definition in new]
        KnownSchedule.objects.bulk_create(made, ignore_conflicts=True)
        rows = rows.all()
    return {row.name: row.since for row in rows if (row.name, row.definition) in definitions}


def may_begin(name: str, schedule: Schedule) -> bool:
    """Whether this tick may begin: no earlier one that it must not overlap is unfinished."""
    return schedule.overlap or not Job.objects.filter(pk__startswith=f"cron:{name}:", state__in=UNFINISHED).exists()


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
