"""The WSGI callable: `taskhub.wsgi:application`."""

import os
from importlib import import_module

from django.conf import settings
from django.core import signals
from django.core.cache import close_caches
from django.core.wsgi import get_wsgi_application
from django.db import reset_queries

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
django_application = get_wsgi_application()
application = import_module("taskhub.api.middleware").with_whole_body(django_application)  # needs the settings
# Django's own, around each request: there is no cache here, and no query log without DEBUG
signals.request_started.disconnect(reset_queries)
signals.request_finished.disconnect(close_caches)
import_module(settings.ROOT_URLCONF)  # now, not during the first request
