"""Accounts, for staff."""

from django.contrib import admin

from accounts.admin.log import SecurityEventAdmin
from accounts.admin.sign_in import SignIn
from accounts.admin.users import AccountAdmin, RightsAdmin

admin.site.login_form = SignIn
admin.site.login_template = "admin/sign_in.html"

__all__ = ["AccountAdmin", "RightsAdmin", "SecurityEventAdmin"]
