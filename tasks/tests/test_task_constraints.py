"""The database refuses a task that cannot be, whoever writes it."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from tasks.models import Task
from tasks.tests.factories import TaskFactory


@pytest.mark.parametrize(
    ("constraint", "fields"),
    [
        ("tasks_status_known", {"status": "finished"}),
        ("tasks_title_not_blank", {"title": ""}),
        ("tasks_completed_at_iff_done", {"status": "done", "completed_at": None}),
        ("tasks_completed_at_iff_done", {"status": "todo", "completed_at": timezone.now()}),
        ("tasks_description_length", {"description": "x" * 10_001}),
    ],
)
def test_the_database_refuses(db, constraint, fields):
    task = TaskFactory()
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Task.objects.filter(pk=task.pk).update(**fields)


def test_a_task_goes_with_its_owner(alice):
    TaskFactory(owner=alice)
    alice.delete()

    assert not Task.objects.exists()
