"""The cast: alice owns, bob is the stranger, boss and clerk are staff.

The clients of the API hold each answer against the OpenAPI document.
"""

import pytest
from django.contrib.auth.models import Permission
from django.test import Client

from accounts.tests.factories import UserFactory, access_token
from taskhub.tests.contract import DocumentedClient


def client_of(user=None):
    client = DocumentedClient(raise_request_exception=False)
    if user:
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access_token(user)}")
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


def staff_client(user):
    """A browser in which `user` has signed in to the admin."""
    client = Client(raise_request_exception=False, headers={"Accept": "text/html"})
    client.force_login(user)
    return client


@pytest.fixture
def boss(db):
    return UserFactory(username="boss", is_staff=True, is_superuser=True)


@pytest.fixture
def clerk(db):
    """Staff with every permission there is, but no superuser."""
    clerk = UserFactory(username="clerk", is_staff=True)
    clerk.user_permissions.set(Permission.objects.all())
    return clerk


@pytest.fixture
def boss_client(boss):
    return staff_client(boss)


@pytest.fixture
def clerk_client(clerk):
    return staff_client(clerk)


@pytest.fixture
def anonymous_client(db):
    return client_of()
