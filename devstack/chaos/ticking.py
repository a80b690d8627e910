"""Work that recurs every ten seconds, and enqueues what must happen exactly once for each tick."""

from datetime import timedelta

from django.db import transaction

from jobs.registry import recurring
from jobs.services import enqueue

PERIOD = 10  # seconds
NAME = "chaos_tick"


@recurring(NAME, every=timedelta(seconds=PERIOD))
def tick(job):
    with transaction.atomic():
        return enqueue("database_only", job.job_id.partition(":")[2].replace(":", "."))
