"""The base of every view of the API."""

import hashlib
from collections.abc import Callable, Collection, Iterator
from functools import partial, wraps
from typing import Any

from django.conf import settings
from django.db import IntegrityError, OperationalError, transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.utils.cache import get_conditional_response
from psycopg.errors import DeadlockDetected
from rest_framework.exceptions import APIException, MethodNotAllowed
from rest_framework.request import Request
from rest_framework.views import APIView

from taskhub.api import idempotency, limits
from taskhub.api.problems import BadHeader, BadParameter
from taskhub.postgresql.caller import Caller
from taskhub.postgresql.errors import is_caused_by

WRITING = ("POST", "PATCH", "DELETE")
SAFE = ("GET", "HEAD")
UUID = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"  # in paths


def require_known(query: QueryDict, known: Collection[str], repeatable: Collection[str]) -> None:
    """Raises BadParameter."""
    for name, values in query.lists():
        if name not in known:
            raise BadParameter(name, "unknown_parameter", "This parameter is unknown.")
        if len(values) > 1 and name not in repeatable:
            raise BadParameter(name, "repeated_parameter", "This parameter may be given only once.")
        # Which the database can neither store nor compare. What is no cursor is told by a code of its own
        if name != "cursor" and any("\0" in value for value in values):
            raise BadParameter(name, "invalid", "This holds a NUL character.")


def with_etag(request: Request, response: HttpResponse) -> HttpResponseBase:
    """`response` with an ETag of its body; 304 for a client that names it in If-None-Match (RFC 9110 section 13)."""
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response.headers["ETag"] = etag
    return get_conditional_response(request._request, etag=etag, response=response) or response


def checks_caller(handler: Callable[..., Any]) -> Callable[..., Any]:
    """Marks a handler whose first statement looks the caller up, and makes sure that it does.

    In it `request.user` is a Caller; every other handler finds the user, looked up.
    """

    @wraps(handler)
    def checked(view: "BaseView", request: Request, *args: Any, **kwargs: Any) -> Any:
        caller = caller_of(request)
        try:
            response = handler(view, request, *args, **kwargs)
        except (APIException, IntegrityError):
            caller.check()  # a caller without access is not told what else is wrong
            raise
        if not caller.checked:
            raise RuntimeError(f"{handler.__qualname__} has answered without looking the caller up.")
        if view.sent:
            raise RuntimeError(f"{handler.__qualname__} has ignored an Idempotency-Key.")
        return response

    checked.checks_caller = True  # type: ignore[attr-defined]
    return checked


def again_after_deadlock(handler: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
    """Nothing was done in the transaction that PostgreSQL ended, so it is run once more."""
    try:
        return handler(*args, **kwargs)
    except OperationalError as error:
        if not is_caused_by(error, DeadlockDetected):
            raise
    return handler(*args, **kwargs)


def caller_of(request: Request) -> Caller:
    """In a handler that checks its caller."""
    assert isinstance(request.user, Caller)  # noqa: S101 - IsAuthenticated has let nobody else through
    return request.user


class BaseView(APIView):
    """Refuses unknown and repeated query parameters. There is no PUT and no OPTIONS.

    A handler that may write runs in a transaction, so that an error answer leaves nothing behind. One that checks its
    caller is a single statement and needs none; with an Idempotency-Key it goes by insert_once().
    """

    http_method_names = ("get", "post", "patch", "delete", "head")
    parameters: Collection[str] = ()
    ignored_parameters: Collection[str] = ()
    repeatable_parameters: Collection[str] = ()
    sent: idempotency.Sent | None = None  # with an Idempotency-Key, until insert_once() takes it
    caller: Any = None  # the Caller, also where request.user is looked up
    atomic = True  # what may write runs in a transaction
    takes_keys: Collection[str] = WRITING  # Idempotency-Key
    scope = ""  # of personal access tokens; each view that needs a caller names one
    longest_kept = 1024 * 1024  # bytes of an answer that is kept with its key

    def needed_scope(self, method: str | None) -> str:
        """That a personal access token must have. Sessions may do everything."""
        return f"{self.scope}:{'read' if method in SAFE else 'write'}"

    def query_parameters(self) -> Collection[str]:
        """The parameters this request may carry."""
        return self.parameters

    def perform_authentication(self, request: Request) -> None:
        handler = getattr(self, str(request.method).lower(), None)
        self.caller = request.user
        if isinstance(request.user, Caller) and not hasattr(handler, "checks_caller"):
            request.user = request.user.look_up()

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        name = str(request.method).lower()
        if name not in self.http_method_names or not hasattr(self, name):
            raise MethodNotAllowed(str(request.method))  # before all else that may be wrong
        if settings.RATE_LIMIT_ADDRESS:
            self.count(request)  # before anything is known of the caller
        super().initial(request, *args, **kwargs)
        if settings.RATE_LIMIT_USER:
            self.count(request, of=("user",))
        if request.META.get("QUERY_STRING"):
            self.check_parameters(request)
        if request.method in WRITING or idempotency.IN_META in request.META:
            self.enclose_handler(request)

    def count(self, request: Request, cost: int = 1, of: Collection[str] = ("user", "address")) -> None:
        """Where the operator limits all requests. Raises RateLimited."""
        for name, limit, who in self.counted_as(request):
            if cost and name in of:
                limits.count(limit, name, who, cost=cost)

    def counted_as(self, request: Request) -> Iterator[tuple[str, limits.Limit, str]]:
        if self.caller and self.caller.is_authenticated:
            yield "user", settings.RATE_LIMIT_USER, str(self.caller.pk)
        yield "address", settings.RATE_LIMIT_ADDRESS, limits.network_of(request.META.get("REMOTE_ADDR"))

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        if settings.RATE_LIMIT_USER or settings.RATE_LIMIT_ADDRESS:
            for name, value in limits.headers(self.counted_as(request)).items():
                response.headers[name] = value
        return super().finalize_response(request, response, *args, **kwargs)

    def enclose_handler(self, request: Request) -> None:
        """In the transaction that it needs. Raises BadHeader for a key where none is taken."""
        name = str(request.method).lower()
        handler = getattr(self, name, self.http_method_not_allowed)
        if idempotency.IN_META in request.META:
            if request.method not in self.takes_keys:
                raise BadHeader(idempotency.HEADER, "This operation takes no key.", "not_taken")
            sent = idempotency.sent(request)
            if hasattr(handler, "checks_caller"):
                self.sent = sent
            else:
                handler = partial(idempotency.once, self.caller, sent, self.longest_kept, handler)
        elif self.atomic and not hasattr(handler, "checks_caller"):
            handler = transaction.atomic(handler)
        if self.atomic and not hasattr(handler, "checks_caller"):
            handler = partial(again_after_deadlock, handler)
        setattr(self, name, handler)

    def insert_once(
        self, insert: Callable[[Caller], tuple[str, int]], respond: Callable[[str, int | str], HttpResponse]
    ) -> HttpResponse:
        """In a handler that checks its caller: the answer that `respond` makes of what `insert` returns, the caller's
        username and version. With an Idempotency-Key, the statement of `insert` keeps it, or does nothing.
        """
        sent, self.sent = self.sent, None
        if sent is None:
            return respond(*insert(self.caller))
        return idempotency.insert_once(self.caller, sent, insert, respond)

    def check_parameters(self, request: Request) -> None:
        repeatable = {*self.ignored_parameters, *self.repeatable_parameters}
        require_known(request.query_params, self.query_parameters(), repeatable)
