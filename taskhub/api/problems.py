"""What an error is: small classes that become `application/problem+json` answers in taskhub.api.errors.

Models raise these too, so this module imports nothing but REST framework's exceptions.
"""

from typing import TypedDict

from rest_framework.exceptions import APIException


class InputError(TypedDict, total=False):
    """One place in the input that is wrong: `pointer` into the body (RFC 6901) or `parameter` of the query."""

    pointer: str
    parameter: str
    code: str
    detail: str


class Problem(APIException):
    """An error answer (RFC 9457). Subclasses set status_code, default_code (stable), default_detail (a sentence)."""

    errors: tuple[InputError, ...] = ()
    retry_after: int | None = None  # seconds


class BadParameter(Problem):
    """A query parameter that is unknown, repeated or out of range."""

    status_code = 400
    default_code = "validation_error"

    def __init__(self, parameter: str, code: str, detail: str) -> None:
        super().__init__(f"The query parameter {parameter} is not valid.")
        self.errors = (InputError(parameter=parameter, code=code, detail=detail),)


class BadRequest(Problem):
    """Something outside the body that is not as it must be."""

    status_code = 400
    default_code = "validation_error"
    default_detail = "The address or a header is not one this server takes."


class BodyTooLarge(Problem):
    status_code = 413
    default_code = "body_too_large"
    default_detail = "The body is larger than 1 MiB."


class DatabaseUnavailable(Problem):
    status_code = 503
    default_code = "database_unavailable"
    default_detail = "The database did not answer. If this was a change, look whether it was made before trying again."
    retry_after = 1


class Conflict(Problem):
    status_code = 409
    default_code = "conflict"
    default_detail = "What this refers to was deleted meanwhile."


class InternalError(Problem):
    status_code = 500
    default_code = "internal_error"
    default_detail = "Something went wrong on our side. The request id helps us to find out what."
