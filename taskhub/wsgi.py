"""The WSGI callable: `taskhub.wsgi:application`."""

import os
from importlib import import_module

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "taskhub.settings")
django_application = get_wsgi_application()
application = import_module("taskhub.api.middleware").with_whole_body(django_application)  # which needs the settings
import_module(settings.ROOT_URLCONF)  # now, not during the first request
