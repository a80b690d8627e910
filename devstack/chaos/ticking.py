"""Work that comes back every ten seconds. What must happen exactly once for each tick, it enqueues."""

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
