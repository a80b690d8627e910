"""Registers the work that comes back. Each tick is a job whose id holds its instant: N schedulers make it once."""

from datetime import datetime

from django.db import connection, transaction

from jobs.models import Job
from jobs.registry import schedules
from jobs.services import enqueue


def enqueue_due() -> None:
    """Register the latest tick of each schedule; of those missed in an outage, the latest is made up for."""
    with transaction.atomic():
        now = database_now()
        ticks = {f"{name}:{schedule.latest_tick(now):%Y-%m-%dT%H:%M:%SZ}": name for name, schedule in schedules.items()}
        known = set(Job.objects.filter(pk__in=[f"cron:{key}" for key in ticks]).values_list("pk", flat=True))
        for key, name in ticks.items():
            if f"cron:{key}" not in known:
                enqueue("cron", key, {"name": name})


def database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now: datetime = cursor.fetchone()[0]
        return now
