"""`celery -A jobs.tests.processes.celery_app`: the real application, which also knows the kinds of the tests."""

from importlib import import_module

import django

from taskhub.celery import app  # noqa: F401 - what Celery looks for; it names the settings, too

django.setup()
import_module("jobs.tests.processes.kinds")
