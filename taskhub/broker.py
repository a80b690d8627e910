"""Celery's transport for Redis, made so that nothing in Redis can end a worker or tell it what to do.

Whatever lies in the queue of a worker is a wake-up for that queue: its content is not looked at, but replaced by a
message of ours. So a message that is no JSON, lacks a part or asks for time limits, a chain or a delay is as good as
any other.
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
    # A worker that loses Redis would try to put back the messages it holds, and die when it cannot: kombu 5.7 looks for
    # the host of a connection that is closed. Nobody needs them back: the sweep wakes for what waits
    do_restore = False

    def _brpop_read(self, **options: Any) -> Any:
        try:
            return super()._brpop_read(**options)  # type: ignore[misc] # the stubs do not know it
        except ValueError:  # it was no JSON, or no text
            log.warning("a message that cannot be read was dropped; the sweep wakes for what waits")
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
