"""Strict input: unknown fields are refused, and no value is converted to another type."""

import re
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import Direction
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError

DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}:\d{2})", re.ASCII)


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown and read-only fields. `ignored_fields` are accepted and dropped, for older clients.

    A read-only field may be sent back with the value it has. In a new object, null for an optional field means its
    default.
    """

    default_error_messages = {"invalid": "This must be a JSON object."}
    ignored_fields: frozenset[str] = frozenset()

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """Of a patch only those that it names: REST framework copies each field for each request."""
        sent = getattr(self, "initial_data", None)
        if self.partial and isinstance(sent, Mapping):
            declared = self._declared_fields
            return {name: deepcopy(field) for name, field in declared.items() if name in sent}
        return super().get_fields()

    def checked(self) -> dict[str, Any]:
        """What the client sent. Raises ValidationError."""
        self.is_valid(raise_exception=True)
        return dict(self.validated_data)

    def to_internal_value(self, data: Any) -> Any:
        unwritable = self.unwritable(data) if isinstance(data, Mapping) else {}
        if isinstance(data, Mapping) and not self.partial:
            data = {name: value for name, value in data.items() if value is not None or self.requires(name)}
        try:
            value = super().to_internal_value(data)
        except ValidationError as error:
            if isinstance(error.detail, dict):
                error.detail.update(unwritable)
            raise
        if unwritable:
            raise ValidationError(unwritable)
        return value

    def unwritable(self, data: Mapping[str, Any]) -> dict[str, ErrorDetail]:
        errors = {}
        for name in data.keys() - self.ignored_fields:
            if name not in self.fields:
                errors[name] = ErrorDetail("This field is unknown.", code="unknown_field")
            elif self.fields[name].read_only and not self.holds(name, data[name]):
                errors[name] = ErrorDetail("This field cannot be set.", code="read_only_field")
        return errors

    def requires(self, name: str) -> bool:
        return name in self.fields and self.fields[name].required

    def holds(self, name: str, sent: Any) -> bool:
        """Whether `sent` is the present value. Instants count to the millisecond, because many clients round them."""
        if self.instance is None:
            return False
        field = self.fields[name]
        present = field.get_attribute(self.instance)
        if sent is None or present is None:
            return sent is present
        try:
            value = field.to_internal_value(sent)
        except ValidationError:
            return False
        if isinstance(present, datetime):
            return bool(abs(value - present) < timedelta(milliseconds=1))
        return bool(value == present)


def require_no_fields(data: Any) -> None:
    """Of an operation whose body is empty, if there is one. Raises ValidationError."""
    StrictSerializer(data=data).is_valid(raise_exception=True)


class TextField(serializers.CharField):
    """A JSON string and nothing else: REST framework's CharField would turn 12 into "12"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class IdField(serializers.UUIDField):
    """A UUID of any version that the client chose, written as usual: REST framework would take other spellings, too."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or len(data) != 36:
            self.fail("invalid", value=data)
        return super().to_internal_value(data)


class DayField(serializers.DateField):
    """A day, written as 2026-12-01: REST framework would take 2026-12-1, too."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not DAY.fullmatch(data):
            self.fail("invalid", format="YYYY-MM-DD")
        return super().to_internal_value(data)


class InstantField(serializers.DateTimeField):
    """An instant with its offset from UTC: REST framework would take one without for UTC."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str) or not INSTANT.fullmatch(data):
            self.fail("invalid", format="YYYY-MM-DDThh:mm:ss±hh:mm or Z")
        return super().to_internal_value(data)


class BooleanField(serializers.BooleanField):
    """true or false and nothing else: REST framework would take "yes" and 1, too."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class IntegerField(serializers.IntegerField):
    """A JSON integer and nothing else: REST framework would take "12", too."""

    def to_internal_value(self, data: Any) -> Any:
        if type(data) is not int:
            self.fail("invalid")
        return super().to_internal_value(data)


class ChoiceField(serializers.ChoiceField):
    """Names the choices when it refuses a value."""

    def __init__(self, choices: Any, **options: Any) -> None:
        super().__init__(choices, **options)
        self.error_messages["invalid_choice"] = f"This must be one of {', '.join(self.choices)}."


class ClearableTextField(TextField):
    """`null` clears it to the empty string, and is never returned."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, "") if data is None else super().validate_empty_values(data)


class ClearableTextInDocument(OpenApiSerializerFieldExtension):
    target_class = ClearableTextField

    def map_serializer_field(self, auto_schema: Any, direction: Direction) -> dict[str, Any]:
        found = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        return {**found, "type": ["string", "null"]} if direction == "request" else found
