"""Input is taken as it is or refused: no unknown field is ignored, no number becomes a string."""

from collections.abc import Mapping
from typing import Any

from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from drf_spectacular.utils import Direction
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown and read-only fields. `ignored_fields` are accepted and dropped, for older clients."""

    ignored_fields: frozenset[str] = frozenset()

    def to_internal_value(self, data: Any) -> Any:
        unwritable = self.unwritable(data) if isinstance(data, Mapping) else {}
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
                errors[name] = ErrorDetail("This field is not known here.", code="unknown_field")
            elif self.fields[name].read_only:
                errors[name] = ErrorDetail("This field cannot be set.", code="read_only_field")
        return errors


class TextField(serializers.CharField):
    """A JSON string and nothing else: REST framework's CharField would turn 12 into "12"."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class ClearableTextField(TextField):
    """`null` clears it to the empty string, and is never given back."""

    def validate_empty_values(self, data: Any) -> tuple[bool, Any]:
        return (True, "") if data is None else super().validate_empty_values(data)


class ClearableTextInDocument(OpenApiSerializerFieldExtension):
    target_class = ClearableTextField

    def map_serializer_field(self, auto_schema: Any, direction: Direction) -> dict[str, Any]:
        found = auto_schema._map_serializer_field(self.target, direction, bypass_extensions=True)
        return {**found, "type": ["string", "null"]} if direction == "request" else found
