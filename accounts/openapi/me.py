"""The account and its mails, as the OpenAPI document tells of it."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiResponse, extend_schema_view

from accounts.closing import StaffAccount
from accounts.mailed import EmailTaken, InvalidToken
from accounts.openapi.shared import NO_ADDRESS, USER
from accounts.openapi.sign_in import CREDENTIALS
from accounts.serializers import (
    EmailSerializer,
    EnqueuedSerializer,
    MailedTokenSerializer,
    NewPasswordSerializer,
    ResetSerializer,
    UserSerializer,
)
from accounts.sessions import SignInAgain
from taskhub.api.limits import RateLimited
from taskhub.api.openapi import (
    IF_MATCH,
    IF_NONE_MATCH,
    NO_BODY,
    NO_FIELDS_SENT,
    NOT_MODIFIED,
    PREFER,
    UNKNOWN_FIELD,
    answer_header,
    etag_header,
    invalid,
    operation,
)
from taskhub.api.problems import Conflict, PreconditionFailed

OF_ALICE = f"{USER.value['id']}:019ab3c2-5555-7c55-9d3e-0a1b2c3d4e5f"  # the end of a job's id
MAILED_TOKEN = OpenApiExample("A token", {"token": "q3Zk0vYw7TzJm1uXnR5cBdLhPgFsAaEiOtQyWeUoNxM"}, request_only=True)
describe_verify = extend_schema_view(
    post=operation(
        "verifyEmail",
        "Verify an address",
        "With the token of a mail, which is spent. No access token is needed.",
        request=MailedTokenSerializer,
        responses={204: None},
        problems=[
            invalid("token", "required", "This field is required."),
            InvalidToken(),
            EmailTaken(),
            RateLimited(29),
        ],
        examples=[MAILED_TOKEN],
    )
)
describe_send_verification = extend_schema_view(
    post=operation(
        "sendVerification",
        "Send the mail to verify your address again",
        "At most five go to an address in an hour. The job tells whether this one did.",
        request=NO_BODY,
        responses={202: EnqueuedSerializer},
        problems=[
            UNKNOWN_FIELD,
            Conflict("There is no address to verify."),
            RateLimited(29),
        ],
        examples=[
            NO_FIELDS_SENT,
            OpenApiExample(
                "A job",
                {"job_id": f"verify_email:{OF_ALICE}"},
                response_only=True,
                status_codes=["202"],
            ),
        ],
    )
)
describe_reset = extend_schema_view(
    post=operation(
        "resetPassword",
        "Ask for a link to set another password",
        "The answer is the same whether or not an account has verified the address. At most five mails go to it in an "
        "hour.",
        request=EmailSerializer,
        responses={202: None},
        problems=[NO_ADDRESS, RateLimited(29)],
        examples=[OpenApiExample("An address", {"email": "alice@example.com"}, request_only=True)],
    )
)
describe_confirm_reset = extend_schema_view(
    post=operation(
        "confirmPasswordReset",
        "Set another password",
        "With the token of a mail, which is spent. All sessions end. No access token is needed.",
        request=ResetSerializer,
        responses={204: None},
        problems=[invalid("token", "required", "This field is required."), InvalidToken(), RateLimited(29)],
        examples=[
            OpenApiExample(
                "Another",
                {**MAILED_TOKEN.value, "new_password": "battery staple horse"},
                request_only=True,
            )
        ],
    )
)
EXPORTED = {"exported_at": "2026-11-21T09:12:00.000123Z", "account": USER.value, "tasks": []}
describe_me = extend_schema_view(
    get=operation(
        "getMe",
        "Read your account",
        "The account that the token belongs to.",
        responses={200: UserSerializer, 304: NOT_MODIFIED},
        parameters=[IF_NONE_MATCH, etag_header(200)],
        examples=[USER],
    ),
    patch=operation(
        "updateMe",
        "Change your account",
        "A merge patch (RFC 7396) of `email`, `name` and `time_zone`: `null` removes the "
        "address. What changes nothing makes no version. To change an address that is verified needs a sign-in of the "
        "last ten minutes.",
        request=UserSerializer,
        responses={200: UserSerializer, 204: None},
        parameters=[IF_MATCH, PREFER, etag_header(200), etag_header(204)],
        problems=[NO_ADDRESS, SignInAgain(), PreconditionFailed(2, ["email"], {**USER.value, "version": 2})],
        examples=[OpenApiExample("Another address", {"email": "alice@example.org"}, request_only=True), USER],
    ),
    delete=operation(
        "deleteMe",
        "Delete your account",
        "It is closed at once, what it owns is deleted in the background, and then its name is free. Needs a sign-in "
        "of the last ten minutes.",
        responses={202: None},
        parameters=[IF_MATCH],
        problems=[SignInAgain(), StaffAccount(), PreconditionFailed(2, ["email"], {**USER.value, "version": 2})],
    ),
)
describe_export = extend_schema_view(
    get=operation(
        "exportMe",
        "Get everything that is kept about you",
        "One JSON document with a list for each table. A large one is made in the background: ask again until it is "
        "there. It is kept for a day.",
        responses={
            200: OpenApiResponse(OpenApiTypes.OBJECT, "The document."),
            202: OpenApiResponse(EnqueuedSerializer, "It is being made."),
        },
        parameters=[answer_header("Location", 202, "Of the job.")],
        examples=[
            OpenApiExample(
                "A new account",
                EXPORTED,
                response_only=True,
                status_codes=["200"],
            ),
            OpenApiExample(
                "A job",
                {"job_id": f"account_export:{OF_ALICE}"},
                response_only=True,
                status_codes=["202"],
            ),
        ],
    )
)
describe_password = extend_schema_view(
    post=operation(
        "changePassword",
        "Change your password",
        "All other sessions end.",
        request=NewPasswordSerializer,
        responses={204: None},
        problems=[invalid("current_password", "wrong_password", "This is not your current password."), RateLimited(29)],
        examples=[
            OpenApiExample(
                "Another",
                {"current_password": CREDENTIALS["password"], "new_password": "battery staple horse"},
                request_only=True,
            )
        ],
    )
)
