import pytest

from devstack.service import Service, temporary_home


@pytest.fixture(scope="module")
def service():
    with temporary_home() as home, Service(home) as service:
        yield service
