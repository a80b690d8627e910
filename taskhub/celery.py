"""The Celery application: `celery -A taskhub worker` and `celery -A taskhub beat`."""

import os

from celery import Celery
from kombu.transport.redis import Channel

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
# A worker that loses Redis would try to put back the messages it holds, and die when it cannot: kombu 5.7 looks for the
# host of a connection that is closed. Nobody needs them back, the sweep announces their jobs again
Channel.do_restore = False
app = Celery("taskhub")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(related_name="worker")  # the default name would look for tasks/tasks.py
