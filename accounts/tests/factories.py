import factory
from factory.django import DjangoModelFactory, Password

from accounts.models import User

PASSWORD = "correct horse battery"


class UserFactory(DjangoModelFactory):
    username = factory.Sequence(lambda n: f"user{n}")
    password = Password(PASSWORD)

    class Meta:
        model = User
