"""What happened to the security of accounts, to be read."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import SecurityEvent, User
from taskhub.admin import LargeTable, ReadOnly, as_uuid


@admin.register(SecurityEvent)
class SecurityEventAdmin(ReadOnly, LargeTable):
    list_display = ("created_at", "kind", "owner", "address", "device", "staff", "request_id")
    list_display_links = None
    list_select_related = ("owner",)
    ordering = ("-id",)  # version 7: the newest first
    sortable_by = ()
    search_help_text = "A whole username, or the id of a user."
    search_fields = ("owner",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[SecurityEvent], search_term: str
    ) -> tuple[QuerySet[SecurityEvent], bool]:
        """By owner, through its index."""
        if not search_term.strip():
            return queryset, False
        if pk := as_uuid(search_term.strip()):
            return queryset.filter(owner=pk), False
        try:
            return queryset.filter(owner=User.objects.get_by_natural_key(search_term).pk), False
        except User.DoesNotExist:
            return queryset.none(), False
