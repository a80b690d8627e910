from django.apps import AppConfig
from django.utils.module_loading import autodiscover_modules


class JobsConfig(AppConfig):
    name = "jobs"

    def ready(self) -> None:
        """Each app keeps its handlers in handlers.py."""
        autodiscover_modules("handlers")
        from jobs import checks  # noqa: F401 - registers them
