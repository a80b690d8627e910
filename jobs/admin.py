"""Jobs and their attempts, for staff to look at, to retry and to cancel."""

from datetime import timedelta
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.utils import flatten_fieldsets, quote
from django.contrib.auth import get_user_model
from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince
from django_celery_results.models import GroupResult, TaskResult

from jobs.control import Action, Refused, consequence, control, locked, pausable, pause, refusal, resume
from jobs.models import NEWEST_FIRST, UNFINISHED, Actor, CeleryError, Job, Pause, State, Via
from jobs.registry import kinds
from jobs.stats import ENDED, MOST_RUNNING, last_day, late, stats, total
from taskhub import charts
from taskhub.admin import NOTHING, LargeTable, Panel, ReadOnly, as_uuid, link_to, pretty_json, pretty_text

COLOURS = {
    State.QUEUED: charts.GREY,
    State.RUNNING: charts.BLUE,
    State.SUCCEEDED: charts.GREEN,
    State.FAILED: charts.RED,
    State.CANCELLED: charts.GREY,
    State.NEEDS_REVIEW: charts.AMBER,
}
BADGE = (
    '<span style="background: {}; color: #fff; padding: 2px 8px; border-radius: 10px; white-space: nowrap">{}</span>'
)
COUNT_MILLISECONDS = 50  # milliseconds that each count of finished jobs may take before it is estimated instead

admin.site.unregister([TaskResult, GroupResult])  # CeleryError shows the first; no task of ours is in a group


class KindFilter(admin.SimpleListFilter):
    """The registered kinds; finding the distinct ones in the table would mean reading all of it."""

    title = parameter_name = "kind"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(kind.name, kind.name) for kind in kinds()]

    def queryset(self, request: HttpRequest, jobs: QuerySet[Job]) -> QuerySet[Job]:
        return jobs if self.value() is None else jobs.filter(kind=self.value())


def badge(state: str) -> SafeString:
    return format_html(BADGE, COLOURS[State(state)], State(state).label)


@admin.register(Job)
class JobAdmin(ReadOnly, LargeTable):
    """Jobs are not edited. The permission to change jobs allows retry and cancel."""

    actions = ("retry", "cancel")
    fieldsets = (
        (None, {"fields": ("job_id", "kind", "badge", "attempts_made", "owner_link")}),
        (
            "Data",
            {"fields": ("payload_json", "progress_json", "cursor_json", "result_json", "error_code", "error_text")},
        ),
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
                    "cancel_requested_at",
                    "worker",
                )
            },
        ),
        ("Attempts, and what people did", {"fields": ("history",)}),
    )
    list_display = ("job_id", "badge", "kind", "attempts_made", "owner_link", "age", "error_code")
    list_filter = ("state", KindFilter, "created_at")
    list_select_related = ("owner",)
    not_listed = ("payload", "progress", "cursor", "external_result", "result", "error")
    ordering = (NEWEST_FIRST, "-job_id")
    search_fields = ("job_id",)
    search_help_text = "The beginning of a job id, such as welcome_email:, or @username or the id of the owner."
    sortable_by = ("age",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Job], search_term: str
    ) -> tuple[QuerySet[Job], bool]:
        term = search_term.strip()
        if term.startswith("@"):
            users = get_user_model()._default_manager
            try:
                return queryset.filter(owner=users.get_by_natural_key(term[1:])), False
            except ObjectDoesNotExist:
                return queryset.none(), False
        owner = as_uuid(term)
        return queryset.filter(Q(owner=owner) if owner else Q(job_id__startswith=term)), False

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return list(flatten_fieldsets(self.fieldsets))

    @admin.display(description="state")
    def badge(self, job: Job) -> SafeString:
        return badge(job.state)

    @admin.display(description="attempts")
    def attempts_made(self, job: Job) -> str:
        return f"{job.attempt} of {job.max_attempts}"

    @admin.display(description="owner")
    def owner_link(self, job: Job) -> SafeString:
        return link_to(job.owner)

    @admin.display(description="age", ordering=NEWEST_FIRST.copy())
    def age(self, job: Job) -> str:
        return timesince(job.created_at, depth=1)

    @admin.display(description="payload")
    def payload_json(self, job: Job) -> SafeString:
        return pretty_json(job.payload)

    @admin.display(description="progress")
    def progress_json(self, job: Job) -> SafeString:
        return pretty_json(job.progress)

    @admin.display(description="cursor")
    def cursor_json(self, job: Job) -> SafeString:
        return pretty_json(job.cursor)

    @admin.display(description="result")
    def result_json(self, job: Job) -> SafeString:
        return pretty_json(job.result)

    @admin.display(description="error")
    def error_text(self, job: Job) -> SafeString:
        return pretty_text(job.error)

    @admin.display
    def history(self, job: Job) -> SafeString:
        lines = job.history()
        return render_to_string("admin/jobs/job/history.html", {"history": lines}) if lines else NOTHING

    def panels(self, url: str) -> list[Panel]:
        told, hours = stats(COUNT_MILLISECONDS), last_day(COUNT_MILLISECONDS)
        return [states_panel(url, told), late_panel(url, told), day_panel(url, told, hours)]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        told = {"overview": overview()} if request.method == "GET" else {}
        return super().changelist_view(request, {**told, **(extra_context or {})})

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        actions: tuple[Action, ...] = ("retry", "cancel") if self.has_control_permission(request) else ()
        context["actions"] = [action for action in actions if not refusal(context["original"], action)]
        return super().render_change_form(request, context, *args, **kwargs)

    def has_control_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    @admin.action(permissions=["control"], description="Retry the selected jobs")
    def retry(self, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
        return self.control(request, jobs, "retry")

    @admin.action(permissions=["control"], description="Cancel the selected jobs")
    def cancel(self, request: HttpRequest, jobs: QuerySet[Job]) -> HttpResponse | None:
        return self.control(request, jobs, "cancel")

    def control(self, request: HttpRequest, jobs: QuerySet[Job], action: Action) -> HttpResponse | None:
        """Asks for confirmation. Jobs for which the action is not, or no longer, possible are skipped and counted."""
        if "confirmed" not in request.POST:
            return self.ask(request, list(jobs.order_by("pk")), action)
        try:
            chosen = locked(jobs.order_by("pk"))
        except Refused:
            said = "A worker holds one of these jobs right now. Nothing was done; try again."
            self.message_user(request, said, messages.ERROR)
            return None
        possible = [job for job in chosen if not refusal(job, action)]
        by = Actor(request.user.get_username(), Via.ADMIN, request.user.pk)
        for job in possible:
            control(job, action, by)
        said = {"retry": "Retried", "cancel": "Cancelled, or asked to stop,"}[action]
        LogEntry.objects.log_actions(str(request.user.pk), possible, CHANGE, f"{said.rstrip(',')}.")
        asked = len(request.POST.getlist(ACTION_CHECKBOX_NAME))  # a filter of the list may have lost some since
        level = messages.SUCCESS if len(possible) == asked else messages.WARNING
        self.message_user(request, f"{said} {len(possible)} of {asked} jobs.", level)
        return redirect("admin:jobs_job_change", quote(chosen[0].pk)) if len(chosen) == 1 else None

    def ask(self, request: HttpRequest, jobs: list[Job], action: Action) -> HttpResponse:
        rows = [described(job, action) for job in jobs]
        possible = sum(not row["why_not"] for row in rows)
        page = {"title": f"{action.capitalize()} jobs", "opts": self.opts, "action": action, "possible": possible}
        context = {**self.admin_site.each_context(request), **page, "rows": rows}
        return TemplateResponse(request, "admin/jobs/job/confirm.html", context)


def described(job: Job, action: Action) -> dict[str, Any]:
    """One line of the confirmation page."""
    why_not = refusal(job, action)
    return {
        "job": job,
        "quoted": quote(job.pk),
        "badge": badge(job.state),
        "why_not": why_not,
        "consequence": "" if why_not else consequence(job, action),
        "doubtful": job.state == State.NEEDS_REVIEW,
    }


def overview() -> dict[str, Any]:
    """The panels above the list."""
    told = stats(COUNT_MILLISECONDS)
    due, last_hour, running, retrying = (told[name] for name in ("oldest_due", "last_hour", "running", "retrying"))
    numbers = {state: about(number, state in told["estimated"]) for state, number in told["states"].items()}
    for job in running or ():
        job["quoted"] = quote(job["job_id"])
    return {
        "states": [{"value": state, "badge": badge(state), "number": number} for state, number in numbers.items()],
        "oldest_due": due and {**due, "quoted": quote(due["job_id"]), "late": duration(due["late_seconds"])},
        **{state: about(last_hour[state], last_hour["estimated"]) for state in ENDED},
        "running": running and sorted(running, key=lambda job: job["worker"]),
        "retrying": retrying and {**retrying, "number": f"{retrying['jobs']:,}"},
        "silent": sum(job["silent"] for job in running or ()),
        "paused": told["paused"],
        "more_run": len(running or ()) == MOST_RUNNING,
    }


def states_panel(url: str, told: dict[str, Any]) -> Panel:
    """The chart shows unfinished jobs and those that wait for people; the many that succeeded would hide them."""
    numbers = {state: about(number, state in told["estimated"]) for state, number in told["states"].items()}
    watched = (*UNFINISHED, State.FAILED, State.NEEDS_REVIEW)
    chart = charts.shares(
        [charts.Value(state.label, told["states"][state], COLOURS[state]) for state in watched],
        "Jobs that are queued, running, failed or need review",
    )
    waiting = sum(told["states"][state] for state in UNFINISHED)
    notes = [f"{State(state).label.lower()}: {number}" for state, number in numbers.items()]
    return Panel("Jobs", url, f"{waiting:,} unfinished", notes, chart)


def late_panel(url: str, told: dict[str, Any]) -> Panel:
    waits = late()
    if waits is None:
        return Panel("Late jobs", url, "unknown", ["There are too many unfinished jobs to check."], SafeString(""))
    due, number = told["oldest_due"], sum(waits.values())
    oldest = f"{due['job_id']} has waited {duration(due['late_seconds'])}." if due else "Nothing is due."
    chart = charts.columns(
        [charts.Value(name, jobs, charts.AMBER) for name, jobs in waits.items()], "How late they are"
    )
    return Panel("Late jobs", url, f"{number:,}", [oldest], chart)


def day_panel(url: str, told: dict[str, Any], hours: list[dict[str, Any]] | None) -> Panel:
    day, retrying = total(hours), told["retrying"]
    waits = [f"{retrying['jobs']:,} wait for another attempt"] if retrying else []
    if not hours or not day:
        return Panel("Last 24 hours", url, "unknown", ["Too many jobs ended to count them.", *waits], SafeString(""))
    failures = [charts.Value(f"{row['hour']:%H:%M}", row["failed"] + row["retries"], charts.RED) for row in hours]
    notes = [f"retries: {day['retries']:,}", f"succeeded: {day['succeeded']:,}", *waits]
    chart = charts.columns(failures, "Failures and retries in each hour")
    return Panel("Last 24 hours", url, f"{day['failed']:,} failed", notes, chart)


def about(number: int, estimated: bool) -> str:
    return f"about {number:,}" if estimated else f"{number:,}"


def duration(seconds: float) -> str:
    now = timezone.now()
    return timesince(now - timedelta(seconds=seconds), now, depth=1) if seconds >= 60 else f"{seconds:.0f} seconds"


class PauseForm(forms.ModelForm):  # type: ignore[type-arg]
    name = forms.ChoiceField(choices=lambda: [(name, name) for name in pausable()], help_text="Jobs that run go on.")

    class Meta:
        model = Pause
        fields = ("name",)


@admin.register(Pause)
class PauseAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    """Adding a row pauses a queue or kind, deleting it resumes."""

    form = PauseForm
    list_display = ("name", "since", "by", "via")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("jobs.change_job")

    def has_delete_permission(self, request: HttpRequest, obj: Pause | None = None) -> bool:
        return self.has_add_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Pause | None = None) -> bool:
        return request.user.has_perm("jobs.view_job")

    def has_change_permission(self, request: HttpRequest, obj: Pause | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Pause, form: Any, change: bool) -> None:
        pause(obj.name, Actor(request.user.get_username(), Via.ADMIN, request.user.pk))

    def delete_model(self, request: HttpRequest, obj: Pause) -> None:
        resume(obj.name)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Pause]) -> None:
        for paused in queryset:
            resume(paused.name)


@admin.register(CeleryError)
class RaisedAdmin(ReadOnly, LargeTable):
    """What Celery's own tasks raised (jobs/results.py)."""

    fields = readonly_fields = ("task_id", "task_name", "status", "worker", "date_created", "date_done", "raised")
    list_display = ("task_id", "task_name", "status", "date_done", "worker")
    list_filter = ("status", "date_done")
    not_listed = ("result", "traceback", "meta", "task_args", "task_kwargs")
    ordering = ("-date_done", "-id")
    search_fields = ("task_id__startswith",)
    search_help_text = "The beginning of Celery's id."
    sortable_by = ("date_done",)

    @admin.display(description="traceback")
    def raised(self, result: Any) -> SafeString:
        return pretty_text(result.traceback or "")
