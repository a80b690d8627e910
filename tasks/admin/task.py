"""Tasks, for staff."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from events.admin import events_panel, staff
from taskhub.admin import LargeTable, Panel, as_uuid, growth, link_to
from tasks import trash
from tasks.admin.searching import WordSearch
from tasks.models import Label, Task, TaskLabel, TaskList
from tasks.models.label import key_of
from tasks.models.task import LONGEST_DESCRIPTION

SHOWN = 80  # characters of a title in the list


class DescriptionField(forms.CharField):
    """Restores line ends: browsers send each as two characters."""

    def to_python(self, value: Any) -> Any:
        return str(super().to_python(value)).replace("\r\n", "\n")


class TaskForm(forms.ModelForm):  # type: ignore[type-arg]
    description = DescriptionField(
        max_length=LONGEST_DESCRIPTION, required=False, strip=False, widget=AdminTextareaWidget()
    )

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Task
        fields = ("title", "description", "status", "priority", "start_date", "due_date", "due_at", "due_timezone")

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["seen"].initial = self.instance.version

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError when the task has changed since the page was shown."""
        if self.cleaned_data.pop("seen", None) != self.instance.version:
            raise forms.ValidationError("Someone else has changed this task meanwhile. Reload the page and try again.")
        return self.cleaned_data


@admin.register(Task)
class TaskAdmin(WordSearch, LargeTable):
    """Staff may correct a task, but neither create one nor give it to another owner."""

    fields = (
        "title",
        "description",
        "status",
        "priority",
        "start_date",
        "due_date",
        "due_at",
        "due_timezone",
        "owner_link",
        "id",
        "list",
        "parent",
        "labels",
        "blocked",
        "external_source",
        "external_key",
        "deleted_at",
        "completed_at",
        "created_at",
        "updated_at",
        "version",
        "history",
        "seen",
    )
    form = TaskForm
    list_display = ("short_title", "owner_link", "status", "made", "completed_at", "priority", "deleted_at")
    sortable_by = ("made",)
    list_filter = ("status", "priority", ("deleted_at", admin.EmptyFieldListFilter), "created_at")
    list_select_related = ("owner",)
    not_listed = ("description",)
    ordering = ("-id",)  # version 7: the newest first
    readonly_fields = (
        "owner_link",
        "id",
        "list",
        "parent",
        "labels",
        "blocked",
        "external_source",
        "external_key",
        "deleted_at",
        "completed_at",
        "created_at",
        "updated_at",
        "version",
        "history",
    )
    search_fields = ("title",)
    search_help_text = "Words of the title, @username of the owner, #label, list:id, or an id: of a task or an owner."

    def panels(self, url: str) -> list[Panel]:
        return [growth("Tasks", url, Task.objects.all())]

    @admin.display(description="title")
    def short_title(self, task: Task) -> str:
        return Truncator(task.title).chars(SHOWN)

    @admin.display(description="created", ordering="id")
    def made(self, task: Task) -> Any:
        return task.created_at

    @admin.display(description="owner")
    def owner_link(self, task: Task) -> SafeString:
        return link_to(task.owner)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def matching(self, word: str) -> Q:
        """Titles have no index, so words without an owner are looked for in the whole table."""
        if word.startswith("#"):
            labels = Label.objects.filter(key=key_of(word[1:])).values("pk")
            return Q(pk__in=TaskLabel.objects.filter(label_id__in=labels).values("task"))
        if word.startswith("list:"):
            of = TaskList.objects.get(pk=as_uuid(word[5:]) or UUID(int=0))
            return Q(owner=of.owner_id, list=of.pk, deleted_at=None)
        if word.startswith("@") or as_uuid(word):
            return super().matching(word)
        return Q(title__icontains=word)

    def save_model(self, request: HttpRequest, obj: Task, form: Any, change: bool) -> None:
        """Writes only the fields that staff changed, so that a concurrent change by the owner is kept."""
        task = Task.objects.select_for_update(no_key=True).get(pk=obj.pk)
        task.change(staff(request), **{name: form.cleaned_data[name] for name in form.cleaned_data})

    def delete_model(self, request: HttpRequest, obj: Task) -> None:
        trash.remove_all(Task.objects.filter(pk=obj.pk), staff(request))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Task]) -> None:
        trash.remove_all(Task.objects.filter(pk__in=queryset.values("pk")), staff(request))

    @admin.display(description="labels")
    def labels(self, task: Task) -> str:
        return ", ".join(task.labels)

    @admin.display(description="history")
    def history(self, task: Task) -> SafeString:
        return events_panel(task)
