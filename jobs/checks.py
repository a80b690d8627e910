"""What must hold between settings, found by `manage.py check` and by every start."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from jobs.registry import schedules


@register()
def finished_jobs_outlive_their_ticks(**_: Any) -> list[CheckMessage]:
    """A tick whose job was pruned would be registered, and carried out, again."""
    kept = timedelta(days=min(settings.JOBS_KEEP_SUCCEEDED_DAYS, settings.JOBS_KEEP_OTHERS_DAYS))
    if kept >= 2 * max(schedule.period for schedule in schedules.values()):
        return []
    return [Error("Finished jobs must be kept twice as long as the longest schedule takes.", id="jobs.E001")]
