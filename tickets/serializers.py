"""What plans, their files and what was found in them look like in JSON (CONTRACT section 8)."""

from typing import Any

from rest_framework import serializers

from taskhub.api.serializers import BooleanField, ChoiceField, IdField, StrictSerializer, TextField
from tasks.serializers import ResourceSerializer
from tickets.models.plan import Generator, Granularity, Stage, Target
from tickets.models.ticket import LONGEST_TEXT, LONGEST_TITLE, Origin
from tickets.spreadsheets.detection import LEVELS
from tickets.spreadsheets.entities import SEVERITIES
from tickets.spreadsheets.types import ORDER, RULES

LEVEL_NAMES = [name for _, name in LEVELS]


class CheckState(StrictSerializer):
    state = ChoiceField(
        [(name, name) for name in ("none", "stale", "passed", "failed")],
        help_text="`stale`: something was changed since the last check.",
    )
    blocking = serializers.IntegerField(help_text="Findings that have to be repaired.")
    warnings = serializers.IntegerField()


class TicketCountsSerializer(StrictSerializer):
    total = serializers.IntegerField()
    ready = serializers.IntegerField()
    exported = serializers.IntegerField(help_text="That have become tasks.")


class PlanSerializer(ResourceSerializer):
    site_name = TextField(max_length=255)
    site_description = TextField(max_length=2000, required=False, allow_blank=True)
    target = ChoiceField(Target.choices, read_only=True, help_text="Where tickets are exported to.")
    generator = ChoiceField(Generator.choices, read_only=True)
    granularity = ChoiceField(
        Granularity.choices,
        required=False,
        help_text="`entity`: what belongs together is one ticket, a bundle with its fields. `row`: each row is.",
    )
    stage = ChoiceField(Stage.choices, read_only=True)
    completed_at = serializers.DateTimeField(read_only=True, allow_null=True)


class NewPlanSerializer(PlanSerializer):
    id = IdField(required=False)
    target = ChoiceField(Target.choices, required=False, help_text="Where tickets are exported to.")
    generator = ChoiceField(Generator.choices, required=False)


class PlanDetailSerializer(PlanSerializer):
    """A single answer."""

    job = TextField(read_only=True, allow_null=True, help_text="The id of the one that generates or exports.")
    validated = serializers.BooleanField(read_only=True, help_text="Nothing was changed since.")
    tickets = TicketCountsSerializer(read_only=True)
    files = serializers.IntegerField(read_only=True)
    rows = serializers.IntegerField(read_only=True, help_text="That say something, in all files.")
    check = CheckState(read_only=True, source="*")


class ReferenceSerializer(StrictSerializer):
    column = TextField(max_length=255, help_text="A header of this file.")
    to = IdField(help_text="The id of the file that its values name something in.")


class NoteSerializer(StrictSerializer):
    code = TextField(read_only=True)
    row = serializers.IntegerField(read_only=True, allow_null=True)
    message = TextField(read_only=True)


class FileSerializer(ResourceSerializer):
    name = TextField(max_length=255)
    type = ChoiceField([(key, key) for key in ORDER], source="csv_type")
    confidence = ChoiceField(
        [(name, name) for name in LEVEL_NAMES],
        read_only=True,
        source="certainty",
        help_text="How sure the type is; `high` once you set it.",
    )
    size = serializers.IntegerField(read_only=True, source="bytes", help_text="Bytes.")
    rows = serializers.IntegerField(read_only=True, source="row_count", help_text="That say something.")
    skipped_rows = serializers.IntegerField(
        read_only=True, help_text="That hold nothing, or nothing but spreadsheet errors."
    )
    headers = serializers.ListField(child=TextField(), read_only=True)
    references = serializers.ListField(
        child=ReferenceSerializer(),
        max_length=20,
        required=False,
        source="declared",
        help_text="What you declare: values of a column name entities of another file.",
    )
    notes = serializers.ListField(child=NoteSerializer(), read_only=True, help_text="What was noticed while reading.")


class TicketSerializer(ResourceSerializer):
    """In a list."""

    group = TextField(source="group_name", read_only=True)
    position = serializers.IntegerField(read_only=True, help_text="Within its group, from 1.")
    title = TextField(max_length=LONGEST_TITLE)
    ready = BooleanField(required=False, help_text="Somebody has looked at it.")
    sprint = TextField(max_length=100, required=False, allow_blank=True)
    assignee = TextField(max_length=100, required=False, allow_blank=True)
    notes = TextField(max_length=2000, required=False, allow_blank=True, trim_whitespace=False)
    task = serializers.UUIDField(source="task_id", read_only=True, allow_null=True, help_text="That it has become.")


class SourceSerializer(StrictSerializer):
    file = TextField(read_only=True)
    rows = serializers.ListField(child=serializers.IntegerField(), read_only=True)


class TicketDetailSerializer(TicketSerializer):
    description = TextField(max_length=LONGEST_TEXT, trim_whitespace=False, help_text="Markdown.")
    sources = serializers.ListField(child=SourceSerializer(), read_only=True, help_text="Where it comes from.")


class ChangesSerializer(StrictSerializer):
    """What many tickets may be given at once."""

    ready = BooleanField(required=False)
    sprint = TextField(max_length=100, required=False, allow_blank=True)
    assignee = TextField(max_length=100, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError("Give at least one.", code="required")
        return attrs


class ManySerializer(StrictSerializer):
    ids = serializers.ListField(child=IdField(), min_length=1, max_length=1000)
    changes = ChangesSerializer()


class ManyChangedSerializer(StrictSerializer):
    changed = serializers.IntegerField(read_only=True)
    skipped = serializers.ListField(child=serializers.UUIDField(), read_only=True, help_text="None of the plan's.")


class OrderSerializer(StrictSerializer):
    tickets = serializers.ListField(child=IdField(), min_length=1, max_length=50_000, help_text="All of the group.")


class TicketDependencySerializer(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    ticket = serializers.UUIDField(source="ticket_id", read_only=True)
    needs = serializers.UUIDField(source="needs_id", read_only=True)
    origin = ChoiceField(Origin.choices, read_only=True)


class NewDependencySerializer(StrictSerializer):
    ticket = IdField()
    needs = IdField(help_text="The ticket that has to be done before.")


class ValidatedSerializer(StrictSerializer):
    ok = serializers.BooleanField(read_only=True)
    blocking = serializers.IntegerField(read_only=True)
    warnings = serializers.IntegerField(read_only=True)
    tickets = serializers.IntegerField(read_only=True)


class LostSerializer(StrictSerializer):
    tickets = serializers.IntegerField(min_value=0)
    dependencies = serializers.IntegerField(min_value=0)


class BackSerializer(StrictSerializer):
    confirm = LostSerializer(help_text="What `GET` has told: that much is deleted.")


class FindingSerializer(StrictSerializer):
    id = serializers.UUIDField(read_only=True)
    number = serializers.IntegerField(read_only=True)
    phase = TextField(read_only=True)
    severity = ChoiceField([(name, name) for name in SEVERITIES], read_only=True)
    code = TextField(read_only=True)
    file = serializers.UUIDField(read_only=True, allow_null=True)
    file_name = TextField(read_only=True, allow_null=True)
    ticket = serializers.UUIDField(read_only=True, allow_null=True)
    row = serializers.IntegerField(read_only=True, allow_null=True, help_text="The header is row 1.")
    column = TextField(read_only=True)
    value = TextField(read_only=True, help_text="Its first 500 characters.")
    message = TextField(read_only=True)
    suggestions = serializers.ListField(child=TextField(), read_only=True)


class GroupSerializer(StrictSerializer):
    file = TextField(read_only=True, help_text="Its name.")
    phase = TextField(read_only=True)
    code = TextField(read_only=True)
    severity = ChoiceField([(name, name) for name in SEVERITIES], read_only=True)
    number = serializers.IntegerField(read_only=True)


class CheckedSerializer(StrictSerializer):
    """A check that was done at once."""

    ok = serializers.BooleanField(read_only=True, help_text="Nothing is blocking.")
    blocking = serializers.IntegerField(read_only=True)
    warnings = serializers.IntegerField(read_only=True)
    entities = serializers.IntegerField(read_only=True)
    groups = serializers.ListField(child=GroupSerializer(), read_only=True, help_text="Findings that are alike.")


class ColumnSerializer(StrictSerializer):
    name = TextField(read_only=True)
    headers = serializers.ListField(child=TextField(), read_only=True, help_text="Accepted spellings.")
    required = serializers.BooleanField(read_only=True)  # type: ignore[assignment]
    rule = ChoiceField([(rule, rule) for rule in RULES], read_only=True)
    choices = serializers.ListField(child=TextField(), read_only=True)


class TypeReferenceSerializer(StrictSerializer):
    kind = TextField(read_only=True)
    columns = serializers.ListField(child=TextField(), read_only=True)
    to = TextField(read_only=True)


class CsvTypeSerializer(StrictSerializer):
    type = TextField(read_only=True)
    label = TextField(read_only=True)  # type: ignore[assignment]
    group = TextField(read_only=True)
    identity = serializers.ListField(child=TextField(), read_only=True, help_text="What tells one entity from another.")
    columns = serializers.ListField(child=ColumnSerializer(), read_only=True)
    references = serializers.ListField(child=TypeReferenceSerializer(), read_only=True)


class CsvTypesSerializer(StrictSerializer):
    items: Any = serializers.ListField(child=CsvTypeSerializer(), read_only=True)


class PlanEventSerializer(StrictSerializer):
    kind = TextField(read_only=True, help_text="Such as `file_added`, `checked`, `generated`. There may be new ones.")
    actor = TextField(read_only=True, help_text="A username; empty for what the system did.")
    data = serializers.DictField(read_only=True)  # type: ignore[assignment]
    request_id = TextField(read_only=True)
    created_at = serializers.DateTimeField(read_only=True)
