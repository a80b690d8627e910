"""Examples that several operations have."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter
from rest_framework.exceptions import ValidationError

from taskhub.api.openapi import invalid

EXAMPLE_ID, OTHER_ID = "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0c", "019ab3c4-7d1e-7f3a-8b2c-5d6e7f8a9b0d"
MOVE_EXAMPLES = [
    OpenApiExample("Before another", {"before": OTHER_ID}, request_only=True),
    OpenApiExample("After another", {"after": OTHER_ID}, request_only=True),
]


def id_parameter(name: str, of: str) -> OpenApiParameter:
    return OpenApiParameter(name, OpenApiTypes.UUID, OpenApiParameter.PATH, examples=[OpenApiExample(of, EXAMPLE_ID)])


def no_anchor() -> ValidationError:
    return invalid("before", "does_not_exist", "There is no such one to be next to.")


TASK_ID = id_parameter("task_id", "A task")
