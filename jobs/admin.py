"""Jobs and their attempts, for staff to look at."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django_celery_results.models import GroupResult, TaskResult

from jobs import recurring  # noqa: F401 - registers its kind, for KindFilter
from jobs.models import NEWEST_FIRST, Attempt, Job, State
from jobs.registry import kinds
from taskhub.admin import LargeTable, ReadOnly, as_uuid, link_to, pretty_json, pretty_text

COLOURS = {
    State.QUEUED: "#57606a",
    State.RUNNING: "#0b62c4",
    State.SUCCEEDED: "#1a7f37",
    State.FAILED: "#b42318",
    State.CANCELLED: "#57606a",
    State.NEEDS_REVIEW: "#9a6700",
}
BADGE = (
    '<span style="background: {}; color: #fff; padding: 2px 8px; border-radius: 10px; white-space: nowrap">{}</span>'
)

admin.site.unregister([TaskResult, GroupResult])  # no task of ours is in a group


class KindFilter(admin.SimpleListFilter):
    """The kinds that are registered here; to ask the table would be to read it."""

    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.name, kind.name) for kind in kinds()]

    def queryset(self, request: HttpRequest, jobs: QuerySet[Job]) -> QuerySet[Job]:
        return jobs if self.value() is None else jobs.filter(kind=self.value())


class AttemptInline(ReadOnly, admin.TabularInline):  # type: ignore[type-arg]
    model = Attempt
    fields = readonly_fields = ("attempt", "outcome", "worker", "started_at", "ended_at", "error_text")
    ordering = ("attempt",)
    verbose_name_plural = "attempts"

    @admin.display(description="error")
    def error_text(self, attempt: Attempt) -> SafeString:
        return pretty_text(attempt.error)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who sees the job sees its attempts."""
        return True


@admin.register(Job)
class JobAdmin(ReadOnly, LargeTable):
    fieldsets = (
        (None, {"fields": ("job_id", "kind", "badge", "attempts_made", "owner_link")}),
        ("Data", {"fields": ("payload_json", "progress_json", "result_json", "error_code", "error_text")}),
        (
            "Times",
            {
                "fields": (
                    "created_at",
                    "run_at",
                    "started_at",
                    "finished_at",
                    "lease_until",
                    "in_doubt_since",
                    "worker",
                )
            },
        ),
        ("Delivery", {"fields": ("deliver_at", "deliveries")}),
    )
    inlines = (AttemptInline,)
    list_display = ("job_id", "badge", "kind", "attempts_made", "owner_link", "age", "error_code")
    list_filter = ("state", KindFilter, "created_at")
    list_select_related = ("owner",)
    not_listed = ("payload", "progress", "result", "error")
    ordering = (NEWEST_FIRST, "-job_id")
    search_fields = ("job_id",)
    search_help_text = "The beginning of a job id, such as welcome_email:, or the id of an owner."

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        term = search_term.strip()
        owner = as_uuid(term)
        return queryset.filter(Q(owner=owner) if owner else Q(job_id__startswith=term)), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(flatten_fieldsets(self.fieldsets))

    @admin.display(description="state")
    def badge(self, job: Job) -> SafeString:
        return format_html(BADGE, COLOURS[State(job.state)], job.get_state_display())

    @admin.display(description="attempts")
    def attempts_made(self, job: Job) -> str:
        return f"{job.attempt} of {job.max_attempts}"

    @admin.display(description="owner")
    def owner_link(self, job: Job) -> SafeString:
        return link_to(job.owner)

    @admin.display(description="age")
    def age(self, job: Job) -> str:
        return timesince(job.created_at, depth=1)

    @admin.display(description="payload")
    def payload_json(self, job: Job) -> SafeString:
        return pretty_json(job.payload)

    @admin.display(description="progress")
    def progress_json(self, job: Job) -> SafeString:
        return pretty_json(job.progress)

    @admin.display(description="result")
    def result_json(self, job: Job) -> SafeString:
        return pretty_json(job.result)

    @admin.display(description="error")
    def error_text(self, job: Job) -> SafeString:
        return pretty_text(job.error)


@admin.register(TaskResult)
class RaisedAdmin(ReadOnly, LargeTable):
    """What Celery's own tasks raised (jobs/results.py)."""

    fields = readonly_fields = ("task_id", "task_name", "status", "worker", "date_created", "date_done", "raised")
    list_display = ("task_id", "task_name", "status", "date_done", "worker")
    list_filter = ("status", "date_done")
    not_listed = ("result", "traceback", "meta", "task_args", "task_kwargs")
    ordering = ("-date_done", "-id")
    search_fields = ("task_id__startswith",)
    search_help_text = "The beginning of Celery's id."

    @admin.display(description="traceback")
    def raised(self, result: Any) -> SafeString:
        return pretty_text(result.traceback or "")
