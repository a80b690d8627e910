"""What must hold between settings, found by `manage.py check` and by every start."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from jobs.registry import schedules
from jobs.wakeups import MESSAGE_EXPIRES


@register()
def finished_jobs_outlive_their_messages(**_: Any) -> list[CheckMessage]:
    """A message or a tick that comes when its job is pruned would find nothing to tell it that the work was done."""
    kept = timedelta(days=min(settings.JOBS_KEEP_SUCCEEDED_DAYS, settings.JOBS_KEEP_OTHERS_DAYS))
    longest = max([timedelta(seconds=MESSAGE_EXPIRES), *(schedule.every for schedule in schedules.values())])
    if kept >= 2 * longest:
        return []
    said = "Finished jobs must be kept twice as long as messages live, and as the longest schedule takes."
    return [Error(said, id="jobs.E001")]
