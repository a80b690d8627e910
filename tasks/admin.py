"""Tasks, for staff."""

from django.contrib import admin

from tasks.models import Task


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("title", "owner", "status", "created_at")
    list_filter = ("status",)
    list_select_related = ("owner",)
    raw_id_fields = ("owner",)
    readonly_fields = ("completed_at", "created_at", "updated_at")
    search_fields = ("title", "owner__username")
    show_full_result_count = False
