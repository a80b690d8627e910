"""What an event looks like in JSON (CONTRACT section 4)."""

from drf_spectacular.utils import OpenApiExample
from rest_framework import serializers

from events.models import Kind
from taskhub.api.serializers import ChoiceField, StrictSerializer, TextField


class EventSerializer(StrictSerializer):
    version = serializers.IntegerField(min_value=1, help_text="The version that it made.")
    kind = ChoiceField(Kind.choices)
    actor = TextField(help_text="A username, or `staff`, `job`, `import` or `command`.")
    request_id = TextField(help_text="The `X-Request-ID` of the request, `-` where there was none.")
    created_at = serializers.DateTimeField()
    changes = serializers.DictField(help_text='By field: `{"old": …, "new": …}`. Of a deletion, what was lost.')


EVENT = OpenApiExample(
    "A task was done",
    {
        "version": 2,
        "kind": "updated",
        "actor": "alice",
        "request_id": "0f6c1f9cbf4f4a6f8f3a9f5d2c7b1e4a",
        "created_at": "2026-11-21T09:30:00.123456Z",
        "changes": {"status": {"old": "todo", "new": "done"}},
    },
    response_only=True,
)
