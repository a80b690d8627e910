"""`celery -A benchmarks.workers.taskhub`: the real application, which also knows two kinds that do nothing."""

from typing import Any

import django

from taskhub.celery import app  # noqa: F401 - what Celery looks for; it names the settings, too

django.setup()
from jobs.models import Job  # noqa: E402 - needs Django
from jobs.registry import handler  # noqa: E402

DATABASE, EXTERNAL = "noop", "external_noop"


def nothing(job: Job, outcome: Any = None) -> None:
    """Has no effect, inside the database or out."""


handler(DATABASE)(nothing)
handler(EXTERNAL, external=nothing)(nothing)
