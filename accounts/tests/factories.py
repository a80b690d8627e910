from datetime import timedelta

import factory
from django.utils import timezone
from factory.django import DjangoModelFactory, Password

from accounts.authentication import AccessToken
from accounts.models import Session, User
from accounts.tokens import RefreshToken

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    username = factory.Sequence(lambda n: f"user{n}")
    password = Password(PASSWORD)

    class Meta:
        model = User


class SessionFactory(DjangoModelFactory):
    access_version = factory.SelfAttribute("owner.access_version")
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(days=7))

    class Meta:
        model = Session


def access_token(user):
    return AccessToken.of(SessionFactory(owner=user))


def refresh_token(user):
    return RefreshToken.of(SessionFactory(owner=user))
