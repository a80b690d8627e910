"""The timeline of a plan: what was done with it. Kept for 90 days, also when the plan is gone."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import models
from django.utils import timezone
from uuid_utils.compat import uuid7

from events.models import LONGEST_ACTOR, Actor
from taskhub.api import request_id
from taskhub.owned import owned
from tickets.models.plan import Plan

KEPT = timedelta(days=90)


class PlanEventManager(models.Manager["PlanEvent"]):
    def record(self, plan: Plan, kind: str, actor: Actor, **data: Any) -> None:
        self.create(
            owner_id=plan.owner_id, plan_id=plan.pk, kind=kind, actor=actor.name, data=data, request_id=request_id.get()
        )


@owned("plan_events", "id", "plan_id", "kind", "data", "created_at")
class PlanEvent(models.Model):
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No index of its own: plan_event_created begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+", db_index=False)
    plan_id = models.UUIDField()  # it outlives the plan
    kind = models.CharField(max_length=30)
    actor = models.CharField(max_length=LONGEST_ACTOR, blank=True)  # a username, or empty for a job of the system
    data = models.JSONField()
    request_id = models.CharField(max_length=128)
    created_at = models.DateTimeField(default=timezone.now)

    objects = PlanEventManager()

    class Meta:
        db_table = "plan_event"
        indexes = [
            models.Index(fields=["owner", "plan_id", "-created_at", "-id"], name="plan_event_created"),
            models.Index(fields=["created_at"], name="plan_event_old"),
        ]

    def __str__(self) -> str:
        return self.kind
