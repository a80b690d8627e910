"""A page costs the same at any depth: what PostgreSQL does for it, at 40,000 tasks of one owner."""

import pytest
from django.core import signing
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from accounts.tests.factories import UserFactory
from conftest import client_of
from tasks.models import Task

pytestmark = pytest.mark.django_db
ROWS = 40_000


@pytest.fixture(scope="module")
def crowded_owner(django_db_setup, django_db_blocker):
    """Committed, because ANALYZE and VACUUM must see the rows; removed at the end. Ids grow, as version 7 does."""
    with django_db_blocker.unblock():
        owner = UserFactory()
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE tasks CASCADE")  # what earlier tests rolled back still lies about in its pages
            cursor.execute(
                "INSERT INTO tasks (id, owner_id, title, description, status, created_at, updated_at)"
                " SELECT ('01a1fc34-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,"
                " %s, 'Task ' || n, '', 'todo', at, at FROM generate_series(1, %s) AS n,"
                " LATERAL (SELECT timestamptz '2026-01-01' + (n / 10) * interval '1 second' AS at) AS times",
                [owner.pk, ROWS],
            )
            cursor.execute("VACUUM ANALYZE tasks")
        yield owner
        owner.delete()


def cursor_at(owner, depth):
    """The cursor of the page that begins `depth` tasks below the newest."""
    last = Task.objects.filter(owner=owner).order_by("-created_at", "-id").values_list("created_at", "id")[depth - 1]
    return signing.Signer(sep=".", salt=f"cursor:task:('created_at', 'id'):{owner.pk}:[]").sign_object(
        [str(part) for part in last]
    )


def plan_of_page(owner, query):
    with CaptureQueriesContext(connection) as captured:
        assert len(client_of(owner).get("/tasks/", query).json()["items"]) == 20
    with connection.cursor() as cursor:
        for _ in range(2):  # the first in a connection also reads the catalogs
            cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {captured[-1]['sql']}")
        return cursor.fetchone()[0][0]["Plan"]


def test_the_first_page_reads_the_index_and_sorts_nothing(crowded_owner):
    plan = plan_of_page(crowded_owner, {})

    assert "Sort" not in str(plan)
    assert buffers(plan) <= 6


@pytest.mark.parametrize("depth", [20, 10_000, 39_900])
def test_at_any_depth_the_row_value_is_an_index_condition_and_the_cost_is_the_same(crowded_owner, depth):
    plan = plan_of_page(crowded_owner, {"cursor": cursor_at(crowded_owner, depth)})

    assert "Sort" not in str(plan)
    assert buffers(plan) <= 6, str(plan)
    tasks = plan["Plans"][-1]  # the others look the caller up
    assert "ROW(created_at, id) <" in tasks["Index Cond"]
    assert tasks["Index Name"] == "tasks_live_created"


def test_a_deactivated_owner_is_found_out_before_any_task_is_read(crowded_owner):
    client = client_of(crowded_owner)
    User.objects.filter(pk=crowded_owner.pk).update(is_active=False)
    with CaptureQueriesContext(connection) as captured:
        assert client.get("/tasks/").status_code == 401
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {captured[0]['sql']}")
        plan = cursor.fetchone()[0][0]["Plan"]

    assert plan["Plans"][-1]["Relation Name"] == "tasks"
    assert buffers(plan) == 0


def buffers(plan):
    """Those of tasks: the same statement looks the caller up, whose table is as large as other tests have made it."""
    caller = plan["Plans"][0]
    assert caller["Subplan Name"] == "CTE caller"
    return sum(
        (part["Shared Hit Blocks"] + part["Shared Read Blocks"]) * sign for part, sign in [(plan, 1), (caller, -1)]
    )


FILTERS = [
    {"sort": "created"},
    {"status": "todo"},
    {"status": "todo", "sort": "created"},
    {"status": ["todo", "done"]},
    {"status": ["todo", "done", "cancelled"], "sort": "created"},
    {"created_after": "2026-01-01T01:00:00Z"},
    {"created_before": "2026-01-01T01:00:00Z"},
    {"created_before": "2026-01-01T01:00:00Z", "created_after": "2026-01-01T00:30:00Z", "status": ["todo", "done"]},
]


@pytest.mark.parametrize("query", FILTERS)
def test_each_filter_and_order_reads_a_range_of_an_index_and_no_more_than_the_page(crowded_owner, query):
    """In each of two statuses, though one has no task at all. Merging some ordered pages may sort them: 84 rows."""
    plan = plan_of_page(crowded_owner, query)

    assert "Seq Scan on tasks" not in str(plan)
    assert "'Node Type': 'Seq Scan', 'Parent Relationship': 'Outer', 'Relation Name': 'tasks'" not in str(plan)
    assert buffers(plan) <= 120
