import factory
from factory.django import DjangoModelFactory, Password

from accounts.authentication import AccessToken
from accounts.client import Client
from accounts.models import User
from accounts.sessions import begin
from accounts.tokens import RefreshToken

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    username = factory.Sequence(lambda n: f"user{n}")
    password = Password(PASSWORD)

    class Meta:
        model = User


def access_token(user):
    """Of a new session."""
    return AccessToken.of(begin(user, Client()))


def refresh_token(user):
    """Of a new session."""
    return RefreshToken.of(begin(user, Client()))
