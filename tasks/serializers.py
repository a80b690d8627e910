"""What a task looks like in JSON (CONTRACT section 2)."""

from typing import Any

from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.models.user import validate_time_zone
from taskhub.api.serializers import (
    ChoiceField,
    ClearableTextField,
    DayField,
    IdField,
    InstantField,
    StrictSerializer,
    TextField,
)
from tasks.models import LONGEST_DESCRIPTION, LONGEST_KEY, LONGEST_SOURCE, Priority, Status

TOGETHER = ("due_date", "due_at", "due_timezone", "external_source", "external_key")
DUE_TWICE = "A task is due on a day or at an instant: set the other one to null."


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

    priority = ChoiceField(Priority.choices, required=False)
    start_date = DayField(required=False, allow_null=True)
    due_date = DayField(
        required=False, allow_null=True, help_text="A day, whatever the time zone. Not beside `due_at`."
    )
    due_at = InstantField(required=False, allow_null=True, help_text="An instant. Not beside `due_date`.")
    due_timezone = TextField(
        required=False, allow_null=True, validators=[validate_time_zone], help_text="By whose clock `due_at` was meant."
    )
    external_source = TextField(required=False, allow_null=True, max_length=LONGEST_SOURCE)
    external_key = TextField(
        required=False, allow_null=True, max_length=LONGEST_KEY, help_text="Unique with `external_source`."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """What fields say together, as the task will be."""
        if "due_at" in attrs and attrs["due_at"] is None:
            attrs.setdefault("due_timezone", None)
        will = {name: attrs.get(name, getattr(self.instance, name, None)) for name in TOGETHER}
        errors = {}
        if will["due_date"] and will["due_at"]:
            errors["due_at" if "due_at" in attrs else "due_date"] = ErrorDetail(DUE_TWICE, code="both_given")
        if will["due_timezone"] and not will["due_at"]:
            errors["due_timezone"] = ErrorDetail("This goes with due_at.", code="due_at_missing")
        if bool(will["external_source"]) != bool(will["external_key"]):
            missing = "external_key" if will["external_source"] else "external_source"
            errors[missing] = ErrorDetail("Give both external_source and external_key, or neither.", code="required")
        if errors:
            raise serializers.ValidationError(errors)
        return attrs

    @property
    def ignored_fields(self) -> frozenset[str]:  # type: ignore[override]
        """Clients of the original service send `owner` when they create a task."""
        return frozenset() if self.partial else frozenset({"owner"})


class NewTaskSerializer(TaskSerializer):
    id = IdField(required=False)
