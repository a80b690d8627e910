"""Accounts, for staff."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.forms import ModelForm
from django.http import HttpRequest

from accounts.models import User


@admin.register(User)
class AccountAdmin(UserAdmin):  # type: ignore[type-arg]
    list_display = ("username", "email", "is_active", "is_staff", "created_at", "last_login")
    list_filter = ("is_active", "is_staff")
    ordering = ("-created_at",)
    search_fields = ("username", "email")
    readonly_fields = ("created_at", "email_verified_at", "last_login")
    fieldsets = (
        (None, {"fields": ("username", "password", "email", "email_verified_at")}),
        ("Rights", {"fields": ("is_active", "is_staff", "is_superuser", "groups", "user_permissions")}),
        ("Dates", {"fields": ("created_at", "last_login")}),
    )

    def save_model(self, request: HttpRequest, user: User, form: "ModelForm[User]", change: bool) -> None:
        if "email" in form.changed_data:
            user.email_verified_at = None  # as when the user changes it
        super().save_model(request, user, form, change)
