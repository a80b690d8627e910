"""Background work on events."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.db.models.functions import Now

from events.models import Event
from jobs.registry import recurring
from jobs.running import prune


@recurring("prune_events", every=timedelta(minutes=5), offset=timedelta(minutes=4))
def prune_events(job: Any) -> dict[str, int]:
    return {"pruned": prune(job, old_events())}


def old_events() -> QuerySet[Event]:
    return Event.objects.filter(created_at__lt=Now() - timedelta(days=settings.EVENTS_KEEP_DAYS)).order_by("created_at")
