from django.apps import AppConfig
from django.db.models.signals import post_migrate

from taskhub.postgresql.roles import grant


class ApiConfig(AppConfig):
    name = "taskhub.api"

    def ready(self) -> None:
        from taskhub.api import checks  # noqa: F401 - registers them

        post_migrate.connect(grant, sender=self)  # once, after all migrations
