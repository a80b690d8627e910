"""updated_at is true, whoever writes: also SQL and updates by queryset, which no save() sees."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.tests.factories import UserFactory
from tasks.tests.factories import TaskFactory

LONG_AGO = timezone.now() - timedelta(days=400)


def updated(row, **changes):
    """The row after an update by queryset; before, it had not been changed for long."""
    rows = type(row).objects.filter(pk=row.pk)
    rows.update(updated_at=LONG_AGO)
    rows.update(**changes)
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(("factory", "change"), [(TaskFactory, {"title": "Tea"}), (UserFactory, {"is_active": False})])
def test_a_change_by_queryset_moves_it(db, factory, change):
    assert timezone.now() - updated(factory(), **change).updated_at < timedelta(minutes=1)


def test_what_changes_nothing_leaves_it(db):
    task = TaskFactory()

    assert updated(task, title=task.title).updated_at == LONG_AGO


def test_a_writer_who_says_when_is_believed(db):
    then = LONG_AGO + timedelta(days=1)

    assert updated(TaskFactory(), title="Tea", updated_at=then).updated_at == then


def test_a_sign_in_is_no_change_of_the_user(db):
    assert updated(UserFactory(), last_login=timezone.now()).updated_at == LONG_AGO
