"""Celery's result backend, which keeps errors for staff. Nothing depends on it, so it may fail."""

import logging
from typing import Any

from django.db import DatabaseError, InterfaceError, close_old_connections
from django_celery_results.backends.database import DatabaseBackend

log = logging.getLogger("jobs.results")


class TolerantBackend(DatabaseBackend):
    """Swallows database errors: Celery's main process stores results, too, and would end if the database were down."""

    def _store_result(self, task_id: str, result: Any, status: str, *args: Any, **options: Any) -> Any:
        try:
            close_old_connections()
            return super()._store_result(task_id, result, status, *args, **options)
        except (DatabaseError, InterfaceError) as error:
            log.warning("the %s of %s was not kept (%s)", status, task_id, type(error).__name__)
            return result
