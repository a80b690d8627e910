"""Accounts, for staff."""

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

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
