import factory
from factory.django import DjangoModelFactory

from accounts.tests.factories import UserFactory
from tasks.models import Comment, Dependency, Label, SavedFilter, Task, TaskList


class TaskFactory(DjangoModelFactory):
    owner = factory.SubFactory(UserFactory)
    title = factory.Sequence(lambda n: f"Task {n}")

    class Meta:
        model = Task


class ListFactory(DjangoModelFactory):
    owner = factory.SubFactory(UserFactory)
    name = factory.Sequence(lambda n: f"List {n}")

    class Meta:
        model = TaskList

    @classmethod
    def _create(cls, model_class, *args, **fields):
        row = model_class.new(**fields)
        row.save()
        return row


class LabelFactory(ListFactory):
    name = factory.Sequence(lambda n: f"Label {n}")

    class Meta:
        model = Label


class FilterFactory(ListFactory):
    name = factory.Sequence(lambda n: f"Filter {n}")
    query = "status=todo"

    class Meta:
        model = SavedFilter


class CommentFactory(DjangoModelFactory):
    owner = factory.SelfAttribute("task.owner")
    author = factory.SelfAttribute("task.owner.username")
    text = "Ask first."

    class Meta:
        model = Comment


class DependencyFactory(DjangoModelFactory):
    owner = factory.SelfAttribute("task.owner")

    class Meta:
        model = Dependency
