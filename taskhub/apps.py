from django.contrib.admin.apps import AdminConfig


class StaffConfig(AdminConfig):
    default_site = "taskhub.admin.Site"
