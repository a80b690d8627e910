import pytest

from tests.servers import temporary_home
from tests.service import Service


@pytest.fixture(scope="module")
def service():
    with temporary_home() as home, Service(home) as service:
        yield service
