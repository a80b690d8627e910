"""The caller's plans, and their check."""

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from django.http import HttpResponse
from django.urls import reverse
from rest_framework.decorators import action
from rest_framework.exceptions import NotFound
from rest_framework.request import Request

from accounts.authentication import actor_of, user_of
from events.conditions import require_version
from jobs.services import enqueue
from taskhub.api.conditions import answer, etag_of
from taskhub.api.formats import JSONParser, JSONResponse
from taskhub.api.pagination import CursorPagination
from taskhub.api.problems import BadParameter, Conflict
from taskhub.api.serializers import require_no_fields
from taskhub.api.views import caller_of, checks_caller
from taskhub.postgresql.statements import rows_in_order
from tasks.views.resources import ResourceViewSet
from tickets import exporting, openapi, review, runs, services
from tickets.models import Plan, PlanEvent, Stage
from tickets.serializers import BackSerializer, NewPlanSerializer, PlanSerializer
from tickets.spreadsheets.checks import check

VALIDATED = "coalesce(validated_revision = revision, false) AS validated"
FILES = "(SELECT count(*) FROM source_file WHERE plan_id = plan.id) AS files"
ROWS = "(SELECT coalesce(sum(row_count), 0) FROM source_file WHERE plan_id = plan.id) AS rows"
FOUND = "(SELECT count(*) FROM finding WHERE owner_id = plan.owner_id AND plan_id = plan.id AND severity = '{}') AS {}"
BLOCKING, WARNINGS = FOUND.format("blocking", "blocking"), FOUND.format("warning", "warnings")
CHECKED = """CASE WHEN checked_revision IS NULL THEN 'none' WHEN checked_revision < revision THEN 'stale'
    WHEN EXISTS (SELECT FROM finding WHERE owner_id = plan.owner_id AND plan_id = plan.id AND severity = 'blocking')
    THEN 'failed' ELSE 'passed' END AS state"""
COUNTED = """(SELECT json_build_object('total', count(*), 'ready', count(*) FILTER (WHERE ready),
    'exported', count(task_id)) FROM ticket WHERE owner_id = plan.owner_id AND plan_id = plan.id) AS tickets"""
JOB = """CASE stage WHEN 'processing' THEN 'plan_generate:' || id || ':' || run
    WHEN 'export' THEN 'plan_export:' || id || ':' || run END AS job"""
CHECK = ("state", "blocking", "warnings")
EVENTS = ("kind", "actor", "data", "request_id", "created_at", "id")


def accepted(job_id: str) -> JSONResponse:
    return JSONResponse({"job_id": job_id}, 202, {"Location": reverse("job-detail", args=[job_id])})


class EventPagination(CursorPagination):
    hidden: frozenset[str] = frozenset({"id"})


@openapi.describe_plans
class PlanViewSet(ResourceViewSet):
    """Newest first."""

    queryset = Plan.objects.none()
    model = Plan
    scope = "plans"
    serializer_class = PlanSerializer
    new_serializer = NewPlanSerializer
    columns = (
        *("id", "site_name", "site_description", "target", "generator", "granularity", "stage"),
        *("completed_at", "created_at", "updated_at", "version"),
    )
    more = (JOB, VALIDATED, COUNTED, FILES, ROWS, CHECKED, BLOCKING, WARNINGS)

    def query_parameters(self) -> Any:
        names = {"list": CursorPagination.parameters | {"stage"}, "events": CursorPagination.parameters}
        return names.get(str(self.action), ())

    def filters(self, request: Request) -> dict[str, Any]:
        stage = request.query_params.get("stage")
        if stage is not None and stage not in Stage.values:
            raise BadParameter("stage", "invalid_choice", f"This must be one of {', '.join(Stage.values)}.")
        return {} if stage is None else {"stage": stage}

    def etag(self, row: Any) -> str:
        """What belongs to the plan is part of its single answer."""
        row["check"] = {name: row.pop(name) for name in CHECK}
        parts = (row["files"], row["rows"], *row["check"].values(), *row["tickets"].values())
        return etag_of(row["version"], *(str(part) for part in (*parts, row["validated"], row["job"] or "")))

    def partial_update(self, request: Request, pk: str, **kwargs: Any) -> HttpResponse:
        if isinstance(request.data, Mapping) and "granularity" in request.data:
            services.locked(user_of(request), pk, Stage.UPLOAD)
        return super().partial_update(request, pk, **kwargs)

    def removed(self, request: Request, row: Any) -> HttpResponse:
        services.remove_plan(row, actor_of(request))
        return HttpResponse(status=204)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def check(self, request: Request, pk: str) -> HttpResponse:
        require_no_fields(request.data)
        plan = self.at(request, pk, Stage.UPLOAD)
        if sum(plan.files.values_list("row_count", flat=True)) > services.MOST_AT_ONCE:
            payload = {"plan_id": str(plan.pk), "revision": plan.revision, "actor": actor_of(request).name}
            job_id = enqueue("plan_check", f"{plan.pk}:{plan.revision}", payload, owner=user_of(request))
            return accepted(job_id)
        files = services.spreadsheets(plan)
        check(files)
        return JSONResponse(services.check(plan, plan.revision, files, actor_of(request)))

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def generate(self, request: Request, pk: str) -> HttpResponse:
        return self.begin(request, pk, Stage.UPLOAD, Stage.PROCESSING, review.require_generatable)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def validate(self, request: Request, pk: str) -> HttpResponse:
        require_no_fields(request.data)
        plan = self.at(request, pk, Stage.REVIEW)
        return JSONResponse(review.validate(plan, actor_of(request)))

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def export(self, request: Request, pk: str) -> HttpResponse:
        def require(plan: Plan) -> None:
            review.require_exportable(plan)
            exporting.require_room(user_of(request), plan)

        return self.begin(request, pk, Stage.REVIEW, Stage.EXPORT, require)

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def retry(self, request: Request, pk: str) -> HttpResponse:
        """Another job takes the place of one that has failed, and goes on where it stopped."""
        require_no_fields(request.data)
        plan = self.at(request, pk, Stage.PROCESSING, Stage.EXPORT)
        return accepted(runs.begin(plan, Stage(plan.stage), user_of(request), actor_of(request)))

    @action(detail=True, methods=["post"], parser_classes=(JSONParser,))
    def cancel(self, request: Request, pk: str) -> HttpResponse:
        """What was generated is deleted; what was exported stays."""
        require_no_fields(request.data)
        plan = self.at(request, pk, Stage.PROCESSING, Stage.EXPORT)
        generating = plan.stage == Stage.PROCESSING
        PlanEvent.objects.record(plan, "cancelled", actor_of(request), stage=plan.stage)
        if generating:
            services.clear(plan)
        runs.stop(plan, Stage.UPLOAD if generating else Stage.REVIEW, actor_of(request))
        return self.shown(request, plan)

    @action(detail=True, parser_classes=(JSONParser,))
    def back(self, request: Request, pk: str) -> HttpResponse:
        """What going back from review to upload would delete."""
        plan = self.get_queryset().filter(pk=pk).first()
        if plan is None:
            raise NotFound
        services.require_stage(plan, Stage.REVIEW)
        return JSONResponse(review.lost_by_going_back(plan))

    @openapi.describe_going_back
    @back.mapping.post
    def go_back(self, request: Request, pk: str) -> HttpResponse:
        """The tickets are deleted, if the client says how many there are."""
        plan = self.at(request, pk, Stage.REVIEW)
        lost = review.lost_by_going_back(plan)
        if BackSerializer(data=request.data).checked()["confirm"] != lost:
            raise Conflict("Something else would be deleted now. Look again.")
        PlanEvent.objects.record(plan, "went_back", actor_of(request), **lost)
        services.clear(plan)
        runs.stop(plan, Stage.UPLOAD, actor_of(request))
        return self.shown(request, plan)

    def at(self, request: Request, pk: str, *stages: Stage) -> Plan:
        """The plan, locked. Raises NotFound, PreconditionFailed and WrongStage."""
        plan = services.locked(user_of(request), pk)
        require_version(request, plan, lambda: PlanSerializer(plan).data)
        services.require_stage(plan, *stages)
        return plan

    def begin(self, request: Request, pk: str, at: Stage, then: Stage, require: Callable[[Plan], None]) -> HttpResponse:
        """A job, or the one that is there already."""
        require_no_fields(request.data)
        plan = self.at(request, pk, at, then)
        if plan.stage == then:
            return accepted(str(runs.job_of(plan)))
        require(plan)
        return accepted(runs.begin(plan, then, user_of(request), actor_of(request)))

    def shown(self, request: Request, plan: Plan) -> HttpResponse:
        return answer(request, etag_of(plan.version), lambda: PlanSerializer(plan).data)

    @action(detail=True, pagination_class=EventPagination)
    @checks_caller
    def events(self, request: Request, pk: str) -> HttpResponse:
        """Also of a plan that was deleted. Raises NotFound for one that the caller never had."""
        rows: Any = partial(self.timeline, pk)
        page = self.paginate_queryset(rows)
        if not page and not self.rows({"id": pk}, ("id",)):
            raise NotFound
        return self.get_paginated_response(page)

    def timeline(self, pk: str, position: Any = (), skip: int = 0, count: int = 1) -> list[dict[str, Any]]:
        order = ("created_at", "id")
        caller, where = caller_of(self.request), {"plan_id": pk}
        found = rows_in_order(caller, "plan_event", EVENTS, where, order, position, skip, count)
        return [{**row, "data": json.loads(row["data"])} for row in found]
