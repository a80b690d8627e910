"""The cast: alice owns, bob is the stranger. Their clients hold each answer against the OpenAPI document."""

import pytest

from accounts.tests.factories import UserFactory
from accounts.tokens import AccessToken
from taskhub.tests.contract import DocumentedClient


def client_of(user=None):
    client = DocumentedClient(raise_request_exception=False)
    if user:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {AccessToken.for_user(user)}")
    return client


@pytest.fixture
def alice(db):
    return UserFactory(username="alice")


@pytest.fixture
def bob(db):
    return UserFactory(username="bob")


@pytest.fixture
def alice_client(alice):
    return client_of(alice)


@pytest.fixture
def bob_client(bob):
    return client_of(bob)


@pytest.fixture
def anonymous_client(db):
    return client_of()
