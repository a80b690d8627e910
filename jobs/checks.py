"""What must hold between settings, found by `manage.py check` and by every start."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from jobs.doorbell import MESSAGE_EXPIRES


@register()
def finished_jobs_outlive_their_messages(**_: Any) -> list[CheckMessage]:
    """A message that comes when its job is pruned would find nothing to tell it that the work was done."""
    kept = timedelta(days=min(settings.JOBS_KEEP_SUCCEEDED_DAYS, settings.JOBS_KEEP_OTHERS_DAYS))
    if kept >= 2 * timedelta(seconds=MESSAGE_EXPIRES):
        return []
    return [Error("Finished jobs must be kept twice as long as their messages live.", id="jobs.E001")]
