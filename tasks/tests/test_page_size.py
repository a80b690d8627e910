"""Pages are bounded in bytes, too."""

import json

from taskhub.api.pagination import KeysetPagination
from tasks.tests.factories import TaskFactory


def test_a_page_of_large_tasks_has_fewer_of_them_and_none_is_lost(alice, alice_client):
    TaskFactory.create_batch(100, owner=alice, description="\U0001f600" * 10_000)
    found, sizes, cursor = [], [], ""
    while cursor is not None:
        page = alice_client.get(f"/tasks/?limit=100{cursor and f'&cursor={cursor}'}")
        sizes.append(len(page.content))
        found += [task["id"] for task in page.json()["items"]]
        cursor = page.json()["meta"]["next_cursor"]

    assert len(found) == len(set(found)) == 100
    assert max(sizes) < KeysetPagination.largest * 1.1


def test_one_row_fits_always(alice, alice_client, monkeypatch):
    monkeypatch.setattr(KeysetPagination, "largest", 10)
    TaskFactory.create_batch(2, owner=alice)
    page = json.loads(alice_client.get("/tasks/").content)

    assert (len(page["items"]), page["meta"]["has_more"]) == (1, True)
