"""Errors as small classes, which taskhub.api.errors turns into `application/problem+json` answers.

Models raise these too, so this module imports nothing but REST framework's exceptions.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, TypedDict

from rest_framework.exceptions import APIException


def title_of(code: str) -> str:
    return code.replace("_", " ").capitalize()


class InputError(TypedDict, total=False):
    """One place in the input that is wrong: `pointer` into the body (RFC 6901), `parameter` of the query, or
    `header`."""

    pointer: str
    parameter: str
    header: str
    code: str
    detail: str


class Problem(APIException):
    """An error answer (RFC 9457). Subclasses set status_code, default_code (stable), default_detail (a sentence)."""

    errors: tuple[InputError, ...] = ()
    retry_after: int | None = None  # seconds
    members: Mapping[str, Any] = {}  # that this problem has beside those of all (RFC 9457 section 3.2)


class BadParameter(Problem):
    """A query parameter that is unknown, repeated or out of range."""

    status_code = 400
    default_code = "validation_error"

    def __init__(self, parameter: str, code: str, detail: str) -> None:
        super().__init__(f"The query parameter {parameter} is not valid.")
        self.errors = (InputError(parameter=parameter, code=code, detail=detail),)


class BadRequest(Problem):
    """Something outside the body is not acceptable."""

    status_code = 400
    default_code = "validation_error"
    default_detail = "The address or a header is not valid."


class BadHeader(Problem):
    """A header that cannot be read, or that the operation does not take."""

    status_code = 400
    default_code = "validation_error"

    def __init__(self, header: str, detail: str, code: str = "invalid") -> None:
        super().__init__(f"The header {header} is not valid.")
        self.errors = (InputError(header=header, code=code, detail=detail),)


class BodyTooLarge(Problem):
    status_code = 413
    default_code = "body_too_large"
    default_detail = "The body is larger than 1024 KiB."


class DatabaseUnavailable(Problem):
    status_code = 503
    default_code = "database_unavailable"
    default_detail = "The database did not answer. A change may have been made: repeat it with its Idempotency-Key."
    retry_after = 1


class Conflict(Problem):
    status_code = 409
    default_code = "conflict"
    default_detail = "What this refers to was deleted meanwhile."


class PreconditionFailed(Problem):
    """The resource is not the version that the client has seen. `changed_fields` is None when that is not known."""

    status_code = 412
    default_code = "precondition_failed"
    default_detail = "It has changed since the version that the request names."

    def __init__(self, current_version: int, changed_fields: list[str] | None, current: Any) -> None:
        super().__init__()
        self.members = {"current_version": current_version, "changed_fields": changed_fields, "current": current}


class IdConflict(Problem):
    status_code = 409
    default_code = "id_conflict"
    default_detail = "This id is in use, or was. Send the request without an id, or with a new one."
    errors: tuple[InputError, ...] = (
        InputError(pointer="/id", code="id_conflict", detail="This id is in use, or was."),
    )


class QuotaExceeded(Problem):
    status_code = 409
    default_code = "quota_exceeded"

    def __init__(self, most: int | None, what: str) -> None:
        super().__init__(f"You may have {most:,} {what}." if most else "That is more than you may have.")


class InsufficientScope(Problem):
    status_code = 403
    default_code = "insufficient_scope"
    default_detail = "This token may not do that."


class IdempotencyKeyInUse(Problem):
    status_code = 409
    default_code = "idempotency_key_in_use"
    default_detail = "A request with this Idempotency-Key has not ended yet."
    retry_after = 1


class IdempotencyKeyReused(Problem):
    status_code = 422
    default_code = "idempotency_key_reused"
    default_detail = "This Idempotency-Key was used for another request."


class InternalError(Problem):
    status_code = 500
    default_code = "internal_error"
    default_detail = "Something went wrong on the server. Quote the request id when you report it."


class Explanation(NamedTuple):
    status: int
    meaning: str
    remedy: str


EXPLANATIONS = {
    "validation_error": Explanation(
        400,
        "A field of the body, a parameter of the query or a header is not valid.",
        "Each entry of errors names one place: a pointer into the body, a parameter or a header. Correct them all.",
    ),
    "malformed_body": Explanation(
        400,
        "The body cannot be read: it is not JSON in UTF-8, or programs would read it differently, as with a repeated"
        " key.",
        "Send what a JSON library writes. The detail says what is wrong.",
    ),
    "username_taken": Explanation(
        400, "Somebody has this username already; case does not matter.", "Choose another name."
    ),
    "invalid_token": Explanation(
        400,
        "The token of a mail was used, is too old, or the account has changed since.",
        "Ask for another mail.",
    ),
    "not_authenticated": Explanation(
        401,
        "The request has no access token, or one that is expired or not valid. WWW-Authenticate tells which.",
        "Get a new pair from POST /auth/refresh or sign in at POST /auth/login, then send the request again.",
    ),
    "token_not_valid": Explanation(
        401, "The refresh token is expired, was used before, or is unknown.", "Sign in at POST /auth/login."
    ),
    "invalid_credentials": Explanation(
        401,
        "No active user has this username and this password.",
        "Ask the user again. Which of the two is wrong is not revealed.",
    ),
    "second_factor_required": Explanation(
        401,
        "The password is right, and the account has a second factor.",
        "Ask for a code, and send it with the challenge to POST /auth/login/second-factor within five minutes.",
    ),
    "invalid_challenge": Explanation(
        401, "The first step of signing in was too long ago, or the account has changed since.", "Sign in again."
    ),
    "invalid_code": Explanation(
        401,
        "The code of the second factor is wrong, or was used before.",
        "Wait for the next one of the app, or use a recovery code. See to the clock of the phone.",
    ),
    "permission_denied": Explanation(
        403,
        "The caller is authenticated, but may not do this.",
        "Sending it again does not help. Ask an administrator for the permission.",
    ),
    "insufficient_scope": Explanation(
        403,
        "The personal access token lacks the scope that the operation needs.",
        "Make a token with that scope, or sign in: sessions may do everything.",
    ),
    "sign_in_again": Explanation(
        403,
        "The operation needs a sign-in of the last ten minutes, and this one is older.",
        "Sign in again, and send the request with the new access token.",
    ),
    "not_found": Explanation(
        404,
        "There is nothing at this address, or the caller may not see it.",
        "Check the address and the id. What was deleted stays deleted.",
    ),
    "method_not_allowed": Explanation(
        405, "The address does not support this method.", "The header Allow lists those that it does."
    ),
    "conflict": Explanation(
        409,
        "The request does not fit the present state, or another change came first.",
        "Read the resource again and decide whether the request still makes sense.",
    ),
    "id_conflict": Explanation(
        409,
        "The id that the client chose is that of a row, or of one that was deleted, whoever's.",
        "If this is a repeated request, read the resource: it may be the one that you made. Else choose another id.",
    ),
    "external_key_taken": Explanation(
        409,
        "Another task of the account has this external_source and external_key.",
        "It is probably the one that you are about to make: find and change it.",
    ),
    "name_taken": Explanation(
        409,
        "The account has a label of this name; case does not matter.",
        "Use that one, or choose another name.",
    ),
    "cycle": Explanation(
        409,
        "A task would be under itself, or need itself, be it by way of others.",
        "The answer has the way in path: each of these tasks is under, or needs, the next.",
    ),
    "too_deep": Explanation(
        409, "Tasks may be under each other in four levels.", "Choose a parent that is higher up, or none."
    ),
    "wrong_stage": Explanation(
        409,
        "The plan is at another stage.",
        "Its stage says what can be done with it: files at upload, tickets at review. Go on, or go back.",
    ),
    "not_ready": Explanation(
        409,
        "Something has to be done with the plan before.",
        "Each entry of errors says what by its code: check, repair, mark as ready, validate.",
    ),
    "too_many_files": Explanation(
        409,
        "A plan has up to 25 files and 50 MiB.",
        "Delete a file first, or make another plan.",
    ),
    "too_many_dependencies": Explanation(
        409, "A task may need up to 100 others.", "Let some of them need each other, or put a task in between."
    ),
    "too_many_subtasks": Explanation(
        409,
        "More than a thousand tasks are under those that a batch would delete.",
        "Delete those by a request of their own: a job takes what is under them.",
    ),
    "quota_exceeded": Explanation(
        409,
        "The account has as much as it may have. The detail tells the figure.",
        "Delete what is not needed any more.",
    ),
    "staff_account": Explanation(
        409, "Accounts with rights in the admin are not deleted by their owners.", "Ask another superuser."
    ),
    "email_taken": Explanation(
        409,
        "Another account has verified this address.",
        "Sign in to that account, or set a new password for it at POST /auth/password/reset.",
    ),
    "idempotency_key_in_use": Explanation(
        409,
        "A request with this Idempotency-Key has not ended yet.",
        "Wait as many seconds as Retry-After says, then send it again: you get the answer of the first one.",
    ),
    "precondition_failed": Explanation(
        412,
        "The resource has changed since the version that If-Match, or version in the body, names.",
        "The answer has the present resource in current, its version in current_version, and in changed_fields what"
        " differs, or null where that is not known. Merge, and send the change again with the new version.",
    ),
    "body_too_large": Explanation(
        413, "The body is larger than 1 MiB, or than 16 KiB under /auth/.", "Send less, in several requests."
    ),
    "unsupported_media_type": Explanation(
        415,
        "The body is of a media type, or in an encoding, that this operation does not take.",
        "Send JSON with Content-Type: application/json, not compressed.",
    ),
    "idempotency_key_reused": Explanation(
        422,
        "This Idempotency-Key was used before, for another body or another If-Match at the same address.",
        "Make a new key for each thing to be done, and send the very same request when you repeat one.",
    ),
    "rate_limited": Explanation(
        429, "There were too many requests.", "Wait as many seconds as Retry-After says, then send it again."
    ),
    "internal_error": Explanation(
        500,
        "An error of the server, which has logged it.",
        "Report it with the request_id. Repeat a change with the same Idempotency-Key: it is done once at most.",
    ),
    "database_unavailable": Explanation(
        503,
        "The database did not answer.",
        "Wait as many seconds as Retry-After says, then send it again. A change may have been made: use the same"
        " Idempotency-Key or, without one, look first.",
    ),
}  # by code, in the order of their status
