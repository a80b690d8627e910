"""What a task looks like in JSON (CONTRACT section 2)."""

from rest_framework import serializers

from taskhub.api.serializers import ChoiceField, ClearableTextField, IdField, StrictSerializer, TextField
from tasks.models import LONGEST_DESCRIPTION, Status


class TaskSerializer(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    title = TextField(max_length=200)
    description = ClearableTextField(
        max_length=LONGEST_DESCRIPTION, default="", allow_blank=True, trim_whitespace=False
    )
    owner = TextField(source="owner.username", read_only=True)
    status = ChoiceField(Status.choices, default=Status.TODO)
    completed_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Set exactly while `done`.")
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    version = serializers.IntegerField(read_only=True, min_value=1, help_text="Grows with each change. 1 when made.")

    @property
    def ignored_fields(self) -> frozenset[str]:  # type: ignore[override]
        """Clients of the original service send `owner` when they create a task."""
        return frozenset() if self.partial else frozenset({"owner"})


class NewTaskSerializer(TaskSerializer):
    id = IdField(required=False)
