"""The caller's labels."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.authentication import actor_of
from jobs.services import enqueue
from tasks import handlers, openapi
from tasks.models import Label
from tasks.serializers import LabelSerializer, NewLabelSerializer
from tasks.views.resources import ResourceViewSet


@openapi.describe_labels
class LabelViewSet(ResourceViewSet):
    """By name."""

    queryset = Label.objects.none()
    model = Label
    serializer_class = LabelSerializer
    new_serializer = NewLabelSerializer
    columns = ("id", "name", "colour", "created_at", "updated_at", "version")
    order = ("key", "id")
    ascending = True

    def removed(self, request: Request, row: Any) -> HttpResponse:
        """Tasks do not show it from now on; the rest is tidied up, by a job if there are many."""
        if handlers.forget(row.owner_id, row.pk) == handlers.BATCH:
            payload = {"owner_id": str(row.owner_id), "label_id": str(row.pk)}
            enqueue("forget_label", str(row.pk), payload)
        row.remove(actor_of(request))
        return HttpResponse(status=204)
