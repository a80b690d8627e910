"""The Celery side: three tasks that carry ids or nothing, and what they call. The scheduler sends the last two."""

import logging

from django.db import close_old_connections

from jobs import batch, protocol
from jobs.recurring import enqueue_due
from jobs.registry import kind_for_job
from jobs.sweep import sweep as sweep_once
from taskhub.celery import app

log = logging.getLogger("jobs")


@app.task(name="jobs.run")
def run(job_id: str) -> None:
    refresh_connection()
    came = batch.run(kind_for_job(job_id)) if batch.takes(job_id) else protocol.run(job_id)
    told = came in (protocol.NOTHING, *protocol.FAILED)  # or there is nothing to tell
    log.log(logging.DEBUG if told else logging.INFO, "%s: %s", job_id, came)


@app.task(name="jobs.sweep")
def sweep() -> None:
    refresh_connection()
    found, announced = sweep_once()
    if found:
        log.info("announced %d of %d due jobs", announced, found)


@app.task(name="jobs.tick")
def tick() -> None:
    refresh_connection()
    enqueue_due()


def refresh_connection() -> None:
    """A server that went away is noticed here, not in the middle of a claim."""
    protocol.discard_broken_connection()
    close_old_connections()
