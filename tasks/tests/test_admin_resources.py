"""Lists, labels, saved filters and comments, for staff."""

import pytest

from accounts.tests.factories import UserFactory
from events.models import Event, Kind
from taskhub.tests.pages import listed, statements
from tasks.models import Comment
from tasks.tests.factories import CommentFactory, FilterFactory, LabelFactory, ListFactory, TaskFactory

PAGES = {
    "tasklist": lambda owner: ListFactory(owner=owner, name="Home"),
    "label": lambda owner: LabelFactory(owner=owner, name="Home"),
    "savedfilter": lambda owner: FilterFactory(owner=owner, name="Home"),
    "comment": lambda owner: CommentFactory(task=TaskFactory(owner=owner), text="Home"),
}


@pytest.mark.parametrize("model", PAGES)
def test_a_row_is_shown_with_its_owner_and_history(boss_client, alice, model):
    row = PAGES[model](alice)
    page = boss_client.get(f"/admin/tasks/{model}/{row.pk}/change/").content.decode()

    assert ">Home<" in page
    assert f'<a href="/admin/accounts/user/{alice.pk}/change/">alice</a>' in page
    assert "version" in page


@pytest.mark.parametrize("model", PAGES)
def test_it_is_found_by_its_owner_and_by_its_id(boss_client, alice, bob, model):
    mine = PAGES[model](alice)
    PAGES[model](bob)

    def found(search):
        first = "short_text" if model == "comment" else "__str__"
        return len(listed(boss_client.get(f"/admin/tasks/{model}/", {"q": search}), first))

    assert [found(search) for search in ("@Alice", str(mine.pk), str(alice.pk), "")] == [1, 1, 1, 2]
    assert [found(search) for search in ("@nobody", "Home", str(bob.pk)[:-1] + "x")] == [0, 0, 0]


@pytest.mark.parametrize("model", PAGES)
def test_the_list_costs_the_same_for_one_and_for_many(boss_client, alice, model):
    PAGES[model](alice)
    few = len(statements(boss_client, f"/admin/tasks/{model}/"))
    for number in range(5):
        PAGES[model](UserFactory(username=f"user_{number}"))

    assert len(statements(boss_client, f"/admin/tasks/{model}/")) == few


@pytest.mark.parametrize("model", PAGES)
def test_staff_can_neither_add_nor_change_it(boss_client, alice, model):
    row = PAGES[model](alice)

    assert boss_client.get(f"/admin/tasks/{model}/add/").status_code == 403
    assert boss_client.post(f"/admin/tasks/{model}/{row.pk}/change/", {"name": "Mine"}).status_code == 403


def test_the_comments_of_a_task_are_found_by_its_id(boss_client, alice):
    comment = CommentFactory(task=TaskFactory(owner=alice), text="Late")
    CommentFactory(task=TaskFactory(owner=alice))

    assert listed(boss_client.get("/admin/tasks/comment/", {"q": str(comment.task_id)}), "short_text") == ["Late"]


def test_a_comment_that_staff_deletes_is_an_event_of_theirs(boss_client, alice):
    comment = CommentFactory(task=TaskFactory(owner=alice))
    boss_client.post(f"/admin/tasks/comment/{comment.pk}/delete/", {"post": "yes"})

    assert not Comment.objects.exists()
    event = Event.objects.get(resource_id=comment.pk, kind=Kind.DELETED)
    assert (event.actor, event.via) == ("boss", "staff")


def test_tasks_are_found_by_label_and_by_list(boss_client, alice):
    label, of = LabelFactory(owner=alice, name="Urgent"), ListFactory(owner=alice)
    TaskFactory(owner=alice, title="Labelled", label_ids=[label.pk])
    TaskFactory(owner=alice, title="Listed", list=of)

    def found(search):
        return listed(boss_client.get("/admin/tasks/task/", {"q": search}), "short_title")

    assert [found("#URGENT"), found(f"list:{of.pk}"), found("#none"), found("list:x")] == [
        ["Labelled"],
        ["Listed"],
        [],
        [],
    ]
