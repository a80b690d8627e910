"""What is said about a task."""

import pytest

from tasks.models import Comment
from tasks.tests.factories import TaskFactory


@pytest.fixture
def url(alice):
    return f"/tasks/{TaskFactory(owner=alice).pk}/comments"


def test_a_comment_is_kept_as_it_is_and_listed_newest_first(alice_client, url):
    text = "  **Ask** first <b>牛奶</b>\r\n"
    first, second = alice_client.post(url, {"text": text}), alice_client.post(url, {"text": "Second"})
    listed = alice_client.get(url).json()["items"]

    assert (first.status_code, first.json()["text"], first.json()["author"]) == (201, text, "alice")
    assert listed == [second.json(), first.json()]
    assert alice_client.get(first["Location"]).json() == first.json()


def test_it_is_changed_and_deleted_by_its_version(alice_client, url):
    where = alice_client.post(url, {"text": "First"})["Location"]
    changed = alice_client.patch(where, {"text": "Second"}, headers={"If-Match": '"1"'})
    late = alice_client.patch(where, {"text": "Third"}, headers={"If-Match": '"1"'})

    assert (changed.json()["text"], changed.json()["version"]) == ("Second", 2)
    assert (late.status_code, late.json()["changed_fields"]) == (412, ["text"])
    assert (alice_client.delete(where).status_code, alice_client.get(where).status_code) == (204, 404)


def test_it_is_under_its_own_task_alone(alice, alice_client, bob_client, url):
    where = alice_client.post(url, {"text": "First"})["Location"]
    elsewhere = where.replace(url.split("/")[2], str(TaskFactory(owner=alice).pk))

    assert alice_client.get(elsewhere).status_code == 404
    assert [bob_client.get(where).status_code, bob_client.post(url, {"text": "x"}).status_code] == [404, 404]


def test_with_its_task_in_the_trash_it_is_not_there(alice_client, url):
    where, task = alice_client.post(url, {"text": "First"})["Location"], url.rpartition("/")[0]
    alice_client.delete(task)
    gone = [alice_client.get(where), alice_client.get(url), alice_client.post(url, {"text": "x"})]
    assert [answer.status_code for answer in gone] == [404] * 3

    alice_client.post(f"{task}/restore")
    assert alice_client.get(where).status_code == 200


@pytest.mark.parametrize("text", ["", " \n", None, 7, "x" * 10_001])
def test_what_is_no_text_is_refused(alice_client, url, text):
    answer = alice_client.post(url, {"text": text})

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, "/text")
    assert not Comment.objects.exists()
