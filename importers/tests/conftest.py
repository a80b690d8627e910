import pytest

from importers.tests.fastapi import fastapi_database


@pytest.fixture(scope="module")
def fastapi_service(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), fastapi_database() as service:
        yield service


@pytest.fixture
def fastapi(fastapi_service):
    fastapi_service.empty()
    return fastapi_service
