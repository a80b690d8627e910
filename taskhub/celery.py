"""The Celery application: `celery -A taskhub worker` and `celery -A taskhub beat`."""

import logging
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
# A worker that loses Redis would try to put back the messages it holds, and die when it cannot: kombu 5.7 looks for the
# host of a connection that is closed. Nobody needs them back, the sweep announces their jobs again
Channel.do_restore = False
app = Celery("taskhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="worker")  # the default name would look for tasks/tasks.py


@beat_init.connect
def say_ready(**kwargs: Any) -> None:
    """As a worker does by itself; Celery's own line would come with one for each task sent."""
    logging.getLogger("taskhub.scheduler").info("scheduler ready.")
