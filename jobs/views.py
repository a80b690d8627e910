"""The caller's background work: read it and, where the kind allows it, retry or cancel it (CONTRACT section 3)."""

import math
from collections.abc import Collection, Iterable
from functools import partial
from typing import Any

from django.http import HttpResponse, HttpResponseBase
from django.utils import timezone
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request
from rest_framework.viewsets import GenericViewSet

from jobs import openapi
from jobs.control import Action, Refused, control, locked, refusal_to_owner
from jobs.models import ORDER, UNFINISHED, Actor, Job, JobQuerySet, Outcome, State, Via
from jobs.registry import NAME
from jobs.serializers import COLUMNS
from jobs.services import JOB_ID
from taskhub.api.formats import JSONResponse
from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import BadParameter
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import BaseView, caller_of, checks_caller, with_etag

SAID_OF_ERRORS = {
    Outcome.ERROR: "The work failed.",
    Outcome.PERMANENT_ERROR: "The work cannot be done.",
    Outcome.TIME_LIMIT: "The work took too long.",
    Outcome.WORKER_LOST: "The work was interrupted.",
    Outcome.IN_DOUBT: "It is not known whether the work was done. Somebody will look at it.",
}
LONGEST_RETRY_AFTER = 60  # seconds


class JobPagination(CursorPagination):
    ordering: tuple[str, ...] = ORDER


@openapi.describe_jobs
class JobViewSet(BaseView, GenericViewSet[Job]):
    queryset = Job.objects.none()  # get_queryset() says which; this names the model
    lookup_value_regex = JOB_ID.pattern
    pagination_class = JobPagination
    scope = "jobs"

    def get_queryset(self) -> JobQuerySet:
        return Job.objects.filter(owner=self.request.user.pk)

    def query_parameters(self) -> Collection[str]:
        return JobPagination.parameters | {"kind", "state"} if self.action == "list" else ()

    @checks_caller
    def list(self, request: Request) -> HttpResponse:
        rows: Any = partial(Job.objects.rows, caller_of(request), COLUMNS, filters(request))
        return self.get_paginated_response([shown(row) for row in self.paginate_queryset(rows) or []])

    @checks_caller
    def retrieve(self, request: Request, pk: str) -> HttpResponseBase:
        return with_etag(request, answer(Job.objects.rows(caller_of(request), COLUMNS, {"job_id": pk})))

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> JSONResponse:
        self.control("retry", pk)
        return answer(self.get_queryset().filter(pk=pk).values(*COLUMNS))

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> JSONResponse:
        job = self.control("cancel", pk)
        rows = self.get_queryset().filter(pk=pk).values(*COLUMNS)
        return answer(rows, status=202 if job.state == State.RUNNING else 200)

    def control(self, action: Action, pk: str) -> Job:
        """Of two concurrent calls, the second waits for the first. Raises NotFound, ValidationError, Refused."""
        require_no_fields(self.request.data)
        jobs = locked(self.get_queryset().filter(pk=pk))
        if not jobs:
            raise NotFound
        (job,) = jobs
        if why := refusal_to_owner(job, action):
            raise Refused(why)
        user = self.request.user
        control(job, action, Actor(user.get_username(), Via.API, user.pk))
        return job


def answer(rows: Iterable[dict[str, Any]], status: int = 200) -> JSONResponse:
    """The one job among `rows` as its owner sees it. Raises NotFound."""
    job = next(map(shown, rows), None)
    if job is None:
        raise NotFound
    return JSONResponse(job, status=status, headers=retry_after(job))


def filters(request: Request) -> dict[str, str]:
    """Raises BadParameter."""
    found = {name: request.query_params[name] for name in ("kind", "state") if name in request.query_params}
    if "state" in found and found["state"] not in State.values:
        raise BadParameter("state", "invalid_choice", f"This must be one of {', '.join(State.values)}.")
    if "kind" in found and not NAME.fullmatch(found["kind"]):
        raise BadParameter("kind", "invalid", "This is not the name of a kind of job.")
    return found


def shown(row: dict[str, Any]) -> dict[str, Any]:
    code = row.pop("error_code")
    row["error"] = {"code": code, "detail": SAID_OF_ERRORS[code]} if code else None
    return row


def retry_after(row: dict[str, Any]) -> dict[str, str]:
    """The Retry-After for a job that is not finished."""
    if row["state"] not in UNFINISHED:
        return {}
    wait = (row["run_at"] - timezone.now()).total_seconds()
    return {"Retry-After": str(max(1, min(LONGEST_RETRY_AFTER, math.ceil(wait))))}
