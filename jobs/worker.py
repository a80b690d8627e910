"""The Celery side: three tasks that carry ids or nothing, and what they call. Beat rings the last two."""

import logging

from django.db import close_old_connections

from jobs import protocol
from jobs.recurring import enqueue_due
from jobs.sweep import sweep as sweep_once
from taskhub.celery import app

log = logging.getLogger("jobs")


@app.task(name="jobs.run")
def run(job_id: str) -> None:
    close_old_connections()  # a server that went away is noticed here, not in the middle of the claim
    came = protocol.run(job_id)
    log.log(logging.DEBUG if came == protocol.NOTHING else logging.INFO, "%s: %s", job_id, came)


@app.task(name="jobs.sweep")
def sweep() -> None:
    close_old_connections()
    found, announced = sweep_once()
    if found:
        log.info("announced %d of %d due jobs", announced, found)


@app.task(name="jobs.tick")
def tick() -> None:
    close_old_connections()
    enqueue_due()
