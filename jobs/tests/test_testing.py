"""What other apps' tests use (jobs.testing)."""

import pytest
from django.core import mail
from django.utils import timezone

from jobs import registry
from jobs.models import Job
from jobs.registry import Kind
from jobs.services import enqueue
from jobs.testing import assert_enqueued, drain


def test_what_was_enqueued_is_found_by_kind_key_and_fields(alice):
    enqueue("welcome_email", "1", {"user_id": "1"}, owner=alice)
    enqueue("welcome_email", "2", {"user_id": "2"})

    assert assert_enqueued("welcome_email", "1").owner == alice
    assert assert_enqueued("welcome_email", payload={"user_id": "2"}).pk == "welcome_email:2"


@pytest.mark.parametrize("fields", [{"key": "3"}, {"payload": {}}, {}])
def test_none_or_several_is_an_error_that_says_what_there_is(db, fields):
    enqueue("welcome_email", "1", {"user_id": "1"})
    enqueue("welcome_email", "2", {"user_id": "2"})
    with pytest.raises(AssertionError, match=r"jobs are like that; .*'welcome_email:1', \{'user_id': '1'\}"):
        assert_enqueued("welcome_email", **fields)


def test_what_is_due_is_carried_out_in_the_transaction_of_the_test(alice, bob):
    type(alice).objects.filter(pk=alice.pk).update(email="alice@example.com")
    enqueue("welcome_email", "1", {"user_id": str(alice.pk)})
    enqueue("welcome_email", "2", {"user_id": str(bob.pk)}, run_at=timezone.now() + timezone.timedelta(hours=1))

    assert drain("welcome_email") == {"welcome_email:1": "succeeded"}
    assert [message.to for message in mail.outbox] == [["alice@example.com"]]
    assert Job.objects.get(pk="welcome_email:2").state == "queued"


def test_jobs_that_are_enqueued_meanwhile_are_carried_out_too_and_errors_are_told(db, monkeypatch):
    def have_children(job):
        for key in "ab":
            enqueue("child", key)

    def raise_for_one(job):
        if job.pk == "child:b":
            raise ValueError("no")

    for kind in (Kind("parent", have_children), Kind("child", raise_for_one)):
        monkeypatch.setitem(registry._kinds, kind.name, kind)
    enqueue("parent", "1")

    assert drain() == {"parent:1": "succeeded", "child:a": "succeeded", "child:b": "error"}
    assert "ValueError: no" in Job.objects.get(pk="child:b").error
