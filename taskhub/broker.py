"""Celery's transport for Redis, changed so that no message can crash a worker or tell it what to do.

Whatever is in a worker's queue is a wake-up for that queue: its content is ignored and replaced by a message of our
own. So a message that is not JSON, is incomplete, or asks for time limits, a chain or a delay is as good as any other.
"""

import base64
import json
import logging
import uuid
from typing import Any

from django.conf import settings
from kombu.transport import redis

log = logging.getLogger("taskhub.broker")


class Channel(redis.Channel):
    # A worker that loses Redis would try to put back the messages it holds, and die if it cannot: kombu 5.7 looks up
    # the host of a closed connection. They are not needed: the sweep wakes workers for what waits
    do_restore = False

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc] # the stubs do not know it
        except ValueError:  # not JSON, or not UTF-8
            log.warning("dropped a message that cannot be read; the sweep finds what waits")
            return None


class Transport(redis.Transport):
    Channel = Channel

    def _deliver(self, message: Any, queue: str | None) -> None:
        super()._deliver(wake_up(queue) if queue in settings.JOBS_QUEUES else message, queue)


def wake_up(queue: str) -> dict[str, Any]:
    """As `app.send_task("jobs.work", [queue])` would put it into Redis (Celery's message protocol, version 2)."""
    number = str(uuid.uuid4())
    body = json.dumps([[queue], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    return {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "jobs.work", "id": number, "root_id": number, "argsrepr": repr((queue,))},
        "properties": {
            "correlation_id": number,
            "delivery_tag": number,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "body_encoding": "base64",
        },
    }
