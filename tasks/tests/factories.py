import factory
from factory.django import DjangoModelFactory

from accounts.tests.factories import UserFactory
from tasks.models import Task


class TaskFactory(DjangoModelFactory):
    owner = factory.SubFactory(UserFactory)
    title = factory.Sequence(lambda n: f"Task {n}")

    class Meta:
        model = Task
