"""Accounts and groups, for staff."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.db.models import F, Model, Q, QuerySet, Value
from django.db.models.deletion import Collector
from django.db.models.functions import Lower
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from accounts import sessions
from accounts.client import client_of
from accounts.mail import tell
from accounts.models import LONGEST_SPELLING, SecurityEvent, User
from events.admin import events_panel, staff
from events.models import Event, Kind
from taskhub.admin import LargeTable, Panel, as_uuid, growth
from taskhub.postgresql.estimates import number_of

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")

admin.site.unregister(Group)


class VerifiedFilter(admin.SimpleListFilter):
    title = parameter_name = "verified"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("1", "Yes"), ("0", "No")]

    def queryset(self, request: HttpRequest, users: QuerySet[User]) -> QuerySet[User]:
        return users if self.value() is None else users.filter(email_verified_at__isnull=self.value() != "1")


@admin.register(User)
class AccountAdmin(LargeTable, UserAdmin):  # type: ignore[type-arg]
    """Only superusers may change staff accounts or anybody's rights; to set a staff password is to gain its rights."""

    actions = ("deactivate", "activate")
    add_form = BaseUserCreationForm  # Django's check for a taken name would scan the table; the model's uses an index
    add_fieldsets = ((None, {"classes": ("wide",), "fields": ("username", "email", "password1", "password2")}),)
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "email_verified_at", "belongings")}),
        ("Rights", {"fields": ("is_active", *RIGHTS)}),
        ("Dates", {"fields": ("created_at", "updated_at", "last_login", "version", "history")}),
    )
    list_display = ("account", "email", "verified", "is_active", "is_staff", "signed_up", "last_sign_in")
    list_filter = ("is_active", "is_staff", "is_superuser", VerifiedFilter, ("created_at", admin.DateFieldListFilter))
    ordering = ("-id",)  # version 7: the newest first
    sortable_by = ("account", "signed_up")
    readonly_fields = (
        "belongings",
        "created_at",
        "updated_at",
        "email_verified_at",
        "last_login",
        "version",
        "history",
    )
    search_fields = ("username",)
    search_help_text = "The beginning of a username, a whole e-mail address, or an id."

    def panels(self, url: str) -> list[Panel]:
        return [growth("Users", url, User.objects.all())]

    @admin.display(description="address verified")
    def verified(self, user: User) -> Any:
        return user.email_verified_at

    @admin.display(description="username", ordering=Lower("username"))
    def account(self, user: User) -> str:
        return user.username

    @admin.display(description="signed up", ordering="id")
    def signed_up(self, user: User) -> Any:
        return user.created_at

    @admin.display(description="last sign-in")
    def last_sign_in(self, user: User) -> Any:
        return user.last_login

    @admin.display(description="history")
    def history(self, user: User) -> SafeString:
        return events_panel(user)

    @admin.display(description="see also")
    def belongings(self, user: User) -> SafeString:
        """Links to the lists of what the user owns, in apps that this one does not know."""
        models = [relation.related_model._meta for relation in User._meta.related_objects if relation.one_to_many]
        shown = [meta for meta in models if self.admin_site.is_registered(meta.model)]
        links = (
            (reverse(admin_urlname(meta, SafeString("changelist"))), user.pk, meta.verbose_name_plural)
            for meta in shown
        )
        return format_html_join(", ", '<a href="{}?q={}">{}</a>', links)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[User], search_term: str
    ) -> tuple[QuerySet[User], bool]:
        """Searches by indexed columns; only an unverified e-mail address needs a scan of the table."""
        term = User.normalize_username(search_term[:LONGEST_SPELLING])
        if not term:
            return queryset, False
        if pk := as_uuid(term):
            return queryset.filter(pk=pk), False
        wanted = Lower(Value(term))
        found = Q(lower_username__startswith=wanted)
        if "@" in term:
            found |= Q(lower_email=wanted)
        return queryset.alias(lower_username=Lower("username"), lower_email=Lower("email")).filter(found), False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        beyond = obj is not None and (obj.is_staff or obj.is_superuser) and not request.user.is_superuser
        return not beyond and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.is_superuser and obj != request.user

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """Nobody may change their own rights, so there is always a superuser left."""
        if obj == request.user:
            return (*self.readonly_fields, "is_active", *RIGHTS)
        return self.readonly_fields if request.user.is_superuser else (*self.readonly_fields, *RIGHTS)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            Event.objects.record([obj.event(Kind.CREATED)], staff(request))
            return
        # Only what the form changed: what it has read may be older than the row
        changed = {name: getattr(obj, name) for name in form.changed_data if name not in {"groups", "user_permissions"}}
        if "email" in changed:
            changed["email_verified_at"] = None
        present = User.objects.select_for_update(no_key=True).get(pk=obj.pk)
        if "email" in changed:
            by, kind = request.user.get_username(), SecurityEvent.Kind.EMAIL_CHANGED
            tell(present, SecurityEvent.objects.record(kind, present.pk, client_of(request), staff=by))
        present.change(staff(request), **{name: new for name, new in changed.items() if name in User.recorded})
        obj.version = present.version
        if others := changed.keys() - {*User.recorded}:
            obj.save(update_fields=others)
        if "is_active" in changed:
            self.note(request, [obj], obj.is_active)

    def note(self, request: HttpRequest, users: Iterable[User], active: bool) -> None:
        kind = SecurityEvent.Kind.ACTIVATED if active else SecurityEvent.Kind.DEACTIVATED
        by = request.user.get_username()
        SecurityEvent.objects.record_all(kind, [user.pk for user in users], client_of(request), staff=by)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> HttpResponse:  # noqa: A002
        """Another password ends all sessions, as when the user sets it."""
        rows = User.objects.select_for_update(no_key=True).filter(pk=as_uuid(id) or UUID(int=0))
        before = [user.password for user in rows]
        response: HttpResponse = super().user_change_password(request, id, form_url)
        for user in rows.exclude(password__in=before):
            by = request.user.get_username()
            event = sessions.end_all(user, SecurityEvent.Kind.PASSWORD_CHANGED, client_of(request), staff=by)
            tell(user, event)
            if user == request.user:
                update_session_auth_hash(request, user)
        return response

    @admin.action(permissions=["change"], description="Deactivate the selected users")
    def deactivate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.set_active(request, users, False)

    @admin.action(permissions=["change"], description="Activate the selected users")
    def activate(self, request: HttpRequest, users: QuerySet[User]) -> None:
        self.set_active(request, users, True)

    def set_active(self, request: HttpRequest, users: QuerySet[User], active: bool) -> None:
        """Skips the acting user, who may not be changed, and users already in the wanted state."""
        word = "Activated" if active else "Deactivated"
        chosen = [user for user in users.order_by("pk").select_for_update(no_key=True) if user != request.user]
        changed = [user for user in chosen if user.is_active != active and self.has_change_permission(request, user)]
        User.objects.filter(pk__in=[user.pk for user in changed]).update(is_active=active, version=F("version") + 1)
        for user in changed:
            user.version += 1
        self.note(request, changed, active)
        changes = {"is_active": {"old": not active, "new": active}}
        Event.objects.record([user.event(Kind.UPDATED, changes) for user in changed], staff(request))
        LogEntry.objects.log_actions(str(request.user.pk), changed, CHANGE, f"{word}.")
        self.message_user(request, f"{word} {len(changed)} of the selected users.", messages.SUCCESS)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, ...]:
        """Counts what is deleted with the users. Django would load and list each row, perhaps a million."""
        collector = Collector(using="default")
        collector.collect(objs)
        lost = {rows.model._meta.verbose_name_plural: number_of(rows) for rows in collector.fast_deletes}
        lost = {name: number for name, number in lost.items() if number}
        refused = {"yourself"} if any(user == request.user for user in objs) else set()
        return [str(user) for user in objs], {"users": len(objs), **lost}, refused, []


@admin.register(Group)
class RightsAdmin(GroupAdmin):
    """For superusers: whoever changes a group changes the rights of its members."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return request.user.is_superuser

    has_change_permission = has_delete_permission = has_view_permission

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser
