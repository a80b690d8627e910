from datetime import timedelta

import factory
import pyotp
from django.utils import timezone
from factory.django import DjangoModelFactory, Password

from accounts import second_factor
from accounts.authentication import AccessToken
from accounts.models import SecondFactor, Session, User
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


def verified(user, email="alice@example.com"):
    user.email, user.email_verified_at = email, timezone.now()
    user.save()
    return user


def authenticator(user, confirmed=True):
    """The app of a user who has a second factor."""
    app = pyotp.TOTP(pyotp.random_base32())
    SecondFactor.objects.create(
        owner=user, secret=second_factor.encrypted(app.secret), confirmed_at=timezone.now() if confirmed else None
    )
    return app
