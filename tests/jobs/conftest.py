import os
from urllib.parse import urlsplit

import pytest
from django.db import connection

from tests.jobs.laboratory import Laboratory


@pytest.fixture(scope="module")
def lab(django_db_setup, tmp_path_factory):
    """Works in the test database, without Celery."""
    url = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{connection.settings_dict['NAME']}").geturl()
    with Laboratory({**os.environ, "DATABASE_URL": url}, tmp_path_factory.mktemp("lab")) as lab:
        yield lab
