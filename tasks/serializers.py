"""What a task looks like in JSON (CONTRACT section 2)."""

from typing import Any

from django.http import QueryDict
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail

from accounts.models.user import validate_time_zone
from taskhub.api.problems import BadParameter
from taskhub.api.serializers import (
    BooleanField,
    ChoiceField,
    ClearableTextField,
    DayField,
    IdField,
    InstantField,
    StrictSerializer,
    TextField,
)
from taskhub.api.views import require_known
from tasks.finding import parameters
from tasks.models import Priority, Status
from tasks.models.comment import LONGEST_COMMENT
from tasks.models.label import LONGEST_LABEL, MOST_LABELS, key_of
from tasks.models.saved_filter import LONGEST_QUERY
from tasks.models.task import LONGEST_DESCRIPTION, LONGEST_KEY, LONGEST_SOURCE
from tasks.models.task_list import COLOUR

TOGETHER = ("due_date", "due_at", "due_timezone", "external_source", "external_key")
DUE_TWICE = "A task is due on a day or at an instant: set the other one to null."


class LabelsField(serializers.ListField):
    """Names of labels. Equal ones count once, and `null` clears the list."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, []) if data is None else super().validate_empty_values(data)

    def to_internal_value(self, data: Any) -> list[str]:
        names = {key_of(name): name for name in reversed(super().to_internal_value(data))}
        return [names[key] for key in sorted(names)]


class Progress(StrictSerializer):
    total = serializers.IntegerField(help_text="Those that are neither deleted nor cancelled.")
    done = serializers.IntegerField(help_text="How many of them are done.")


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
    list = IdField(source="list_id", required=False, allow_null=True, help_text="The id of one of your lists.")
    parent = IdField(  # type: ignore[assignment]
        source="parent_id", required=False, allow_null=True, help_text="The task that this is a part of."
    )
    label_ids = serializers.ListField(child=serializers.UUIDField(), source="present_label_ids", read_only=True)
    position = TextField(read_only=True, help_text="Compares as text, byte by byte: the manual order of your tasks.")
    blocked = BooleanField(read_only=True, help_text="It needs a task that is neither done nor cancelled.")
    deleted_at = serializers.DateTimeField(read_only=True, allow_null=True, help_text="Set in the trash.")
    labels = LabelsField(
        child=TextField(max_length=LONGEST_LABEL),
        max_length=MOST_LABELS,
        required=False,
        help_text="Names, compared without regard to case. Those that you do not have yet are made.",
    )
    subtasks = Progress(read_only=True, help_text="Its direct children.")

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


class ResourceSerializer(StrictSerializer):
    """What all of the smaller resources have."""

    id = serializers.UUIDField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
    updated_at = serializers.DateTimeField(read_only=True)
    version = serializers.IntegerField(read_only=True, min_value=1, help_text="Grows with each change. 1 when made.")


class ColourField(TextField):
    """`#1e90ff`, or empty."""

    def to_internal_value(self, data: Any) -> str:
        value = super().to_internal_value(data).lower()
        if value:
            COLOUR(value)
        return value


class ListSerializer(ResourceSerializer):
    name = TextField(max_length=100)
    colour = ColourField(required=False, allow_blank=True, help_text="`#1e90ff`, or empty.")
    archived = BooleanField(required=False)
    position = TextField(read_only=True, help_text="Compares as text, byte by byte: the order of your lists.")


class NewListSerializer(ListSerializer):
    id = IdField(required=False)


class CountsSerializer(StrictSerializer):
    """Of the tasks of a list, by status; 10,000 stands for as many or more."""

    todo = serializers.IntegerField()
    in_progress = serializers.IntegerField()
    done = serializers.IntegerField()
    cancelled = serializers.IntegerField()


class ListDetailSerializer(ListSerializer):
    tasks = CountsSerializer(read_only=True, help_text="How many tasks it has, each up to 10,000.")


class LabelSerializer(ResourceSerializer):
    name = TextField(max_length=LONGEST_LABEL, help_text="Unique without regard to case.")
    colour = ColourField(required=False, allow_blank=True, help_text="`#1e90ff`, or empty.")


class NewLabelSerializer(LabelSerializer):
    id = IdField(required=False)


class CommentSerializer(ResourceSerializer):
    task = serializers.UUIDField(source="task_id", read_only=True)
    author = TextField(read_only=True, help_text="The username of who wrote it, as it was then.")
    text = TextField(max_length=LONGEST_COMMENT, trim_whitespace=False, help_text="Markdown, kept as it is.")

    def validate_text(self, value: str) -> str:
        if not value.strip():
            raise serializers.ValidationError("This field may not be blank.", code="blank")
        return value


class NewCommentSerializer(CommentSerializer):
    id = IdField(required=False)


def require_query(value: str, owner_id: Any) -> None:
    """Raises ValidationError unless a list of tasks takes it."""
    query = QueryDict(value)
    try:
        require_known(query, parameters.PARAMETERS, parameters.REPEATABLE)
        parameters.wanted(query, parameters.Asker(owner_id, lambda: "UTC"))
    except BadParameter as error:
        (one,) = error.errors
        raise serializers.ValidationError(f"{one['parameter']}: {one['detail']}", code=one["code"]) from error


class FilterSerializer(ResourceSerializer):
    name = TextField(max_length=100)
    query = TextField(max_length=LONGEST_QUERY, help_text="As in an address: `status=todo&sort=due`.")

    def validate_query(self, value: str) -> str:
        require_query(value, self.context["view"].request.user.pk)
        return value


class NewFilterSerializer(FilterSerializer):
    id = IdField(required=False)


class MoveSerializer(StrictSerializer):
    before = IdField(required=False)
    after = IdField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if len(attrs) != 1:
            raise serializers.ValidationError("Give either before or after.", code="one_of")
        return attrs


class NeedsSerializer(StrictSerializer):
    needs = IdField()


class DependencySerializer(StrictSerializer):
    needs = serializers.UUIDField(help_text="The task that has to be done first.")
    title = TextField(help_text="Of that task.")
    status = ChoiceField(Status.choices, help_text="Of that task.")
    created_at = serializers.DateTimeField()
