import pytest

from devstack.service import temporary_home
from tests.devstack.checkout import Checkout, make_checkout


@pytest.fixture(scope="session")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("devstack") / "checkout"
    make_checkout(root)
    return root


@pytest.fixture(scope="module")
def shared_home():
    with temporary_home() as home:
        yield home


@pytest.fixture(scope="module")
def shared_checkout(root, shared_home):
    return Checkout(root, shared_home)


@pytest.fixture
def home():
    with temporary_home() as home:
        yield home


@pytest.fixture
def checkout(root, home):
    return Checkout(root, home)
