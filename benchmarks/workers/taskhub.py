"""`celery -A benchmarks.workers.taskhub`: the real application, which also knows three kinds that do nothing."""

from typing import Any

import django

from taskhub.celery import app  # noqa: F401 - what Celery looks for; it names the settings, too

django.setup()
from jobs.models import Job  # noqa: E402 - needs Django
from jobs.registry import external_handler, handler  # noqa: E402

DATABASE, EXTERNAL, BOTH = "noop", "external_noop", "external_and_finish_noop"


def nothing(job: Job, returned: Any = None) -> None:
    """Has no effect, inside the database or out."""


handler(DATABASE)(nothing)
external_handler(EXTERNAL)(nothing)
handler(BOTH, external=nothing)(nothing)
