"""Plans for staff: to be looked at."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from taskhub.admin import Panel, as_uuid, growth, link_to, pretty_text
from tasks.admin.resources import ResourceAdmin
from tickets.models import Finding, Plan, PlanEvent, SourceFile, Ticket

SHOWN = 20  # of the newest events


class OfPlanAdmin(ResourceAdmin):
    joined: tuple[str, ...] = ("owner", "plan")
    search_help_text = "@username of the owner, or an id: of the row, its owner or its plan."

    def matching(self, word: str) -> Q:
        found, pk = super().matching(word), as_uuid(word)
        return found | Q(plan=pk) if pk else found

    @admin.display(description="plan")
    def plan_link(self, row: Any) -> SafeString:
        return link_to(row.plan)


@admin.register(Plan)
class PlanAdmin(ResourceAdmin):
    own = (
        *("site_name", "stage", "site_description", "granularity", "progress", "files_link", "tickets_link"),
        *("findings_link", "run", "active_at", "completed_at", "timeline"),
    )
    list_filter = ("stage",)

    def panels(self, url: str) -> list[Panel]:
        return [growth("Plans", url, Plan.objects.all())]

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("site_name", "owner_link", "stage", "active_at", "created_at")

    @admin.display(description="progress")
    def progress(self, plan: Plan) -> str:
        counted = plan.tickets.aggregate(
            total=Count("pk"), ready=Count("pk", filter=Q(ready=True)), exported=Count("task_id")
        )
        return "{total:,} tickets, {ready:,} ready, {exported:,} exported".format(**counted)

    @admin.display(description="files")
    def files_link(self, plan: Plan) -> SafeString:
        return list_of("sourcefile", plan, "files")

    @admin.display(description="tickets")
    def tickets_link(self, plan: Plan) -> SafeString:
        return list_of("ticket", plan, "tickets")

    @admin.display(description="findings")
    def findings_link(self, plan: Plan) -> SafeString:
        return list_of("finding", plan, "findings")

    @admin.display(description="timeline")
    def timeline(self, plan: Plan) -> SafeString:
        events = PlanEvent.objects.filter(owner=plan.owner_id, plan_id=plan.pk).order_by("-created_at", "-pk")[:SHOWN]
        lines = format_html_join(
            "",
            "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
            (
                (f"{one.created_at:%Y-%m-%d %H:%M:%S}", one.kind, one.actor, pretty_text(said(one.data)))
                for one in events
            ),
        )
        head = SafeString("<tr><th>time (UTC)</th><th>what</th><th>who</th><th></th></tr>")
        return format_html("<table>{}{}</table>", head, lines)


def said(data: dict[str, Any]) -> str:
    """One value a line."""
    return "\n".join(f"{name}: {value}" for name, value in data.items())


def list_of(model: str, plan: Plan, text: str) -> SafeString:
    address = reverse(f"admin:tickets_{model}_changelist")
    return format_html('<a href="{}?q={}">{}</a>', address, plan.pk, text)


@admin.register(SourceFile)
class SourceFileAdmin(OfPlanAdmin):
    own = ("name", "plan_link", "csv_type", "confidence", "bytes", "row_count", "skipped_rows")
    not_listed = ("rows",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("rows")


@admin.register(Ticket)
class TicketAdmin(OfPlanAdmin):
    own = ("title", "plan_link", "group_name", "position", "ready", "description", "source_key", "task_id")
    not_listed = ("description",)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("title", "owner_link", "plan_link", "group_name", "ready", "created_at")


@admin.register(Finding)
class FindingAdmin(OfPlanAdmin):
    joined: tuple[str, ...] = ("owner", "plan", "file", "ticket")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("file__rows", "ticket__description")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        place = ("file", "ticket", "row_number", "header", "value")
        return ("plan_link", "owner_link", "severity", "phase", "code", "message", *place, "suggestions", "id")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("__str__", "owner_link", "plan_link", "severity", "file", "row_number")
