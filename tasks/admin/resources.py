"""Lists, labels, saved filters and comments, for staff: to be looked at, and a comment to be deleted."""

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from events.admin import events_panel, staff
from taskhub.admin import LargeTable, ReadOnly, as_uuid, link_to
from tasks.admin.searching import WordSearch
from tasks.models import Comment, Label, SavedFilter, TaskList

SHOWN = 80  # characters of a text in the list


class ResourceAdmin(WordSearch, ReadOnly, LargeTable):
    ordering = ("-id",)  # version 7: the newest first
    own: tuple[str, ...] = ()  # fields
    joined: tuple[str, ...] = ("owner",)
    search_fields = ("id",)
    search_help_text = "@username of the owner, or an id: of the row or its owner."

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*self.own, "owner_link", "id", "created_at", "updated_at", "version", "history")

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return self.get_fields(request)

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("__str__", "owner_link", *self.own[1:], "created_at")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related(*self.joined)

    @admin.display(description="owner")
    def owner_link(self, row: Any) -> SafeString:
        return link_to(row.owner)

    @admin.display(description="history")
    def history(self, row: Any) -> SafeString:
        return events_panel(row)


@admin.register(TaskList)
class ListAdmin(ResourceAdmin):
    own = ("name", "colour", "archived", "deleted_at")
    list_filter = (("deleted_at", admin.EmptyFieldListFilter),)


@admin.register(Label)
class LabelAdmin(ResourceAdmin):
    own = ("name", "colour")


@admin.register(SavedFilter)
class SavedFilterAdmin(ResourceAdmin):
    own = ("name", "query")


@admin.register(Comment)
class CommentAdmin(ResourceAdmin):
    own = ("text", "author", "task_link")
    search_help_text = "@username of the owner, or an id: of the comment, its owner or its task."
    joined = ("owner", "task")

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        return ("short_text", "author", "task_link", "created_at")

    def matching(self, word: str) -> Q:
        found, pk = super().matching(word), as_uuid(word)
        return found | Q(task=pk) if pk else found

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return admin.ModelAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: Comment) -> None:
        self.delete_queryset(request, Comment.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Comment]) -> None:
        for comment in queryset.select_for_update(of=("self",)):
            comment.remove(staff(request))

    @admin.display(description="text")
    def short_text(self, comment: Comment) -> str:
        return Truncator(comment.text).chars(SHOWN)

    @admin.display(description="task")
    def task_link(self, comment: Comment) -> SafeString:
        return link_to(comment.task)
