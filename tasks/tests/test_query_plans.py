"""The query-index contract: each filter and order names its index, and keeps to it at size."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from taskhub.tests.contract import document
from tasks.finding.admitted import COLUMNS, indexes_of_filter, indexes_of_sort
from tasks.finding.indexes import OF_LABELS, OF_TASKS, OF_WORDS, SORTS
from tasks.finding.parameters import FILTERS
from tasks.management.commands import query_plans
from tasks.models import Task


@pytest.mark.timeout(300)
def test_every_list_that_is_always_answered_reads_ranges_of_an_index(db, capsys):
    """At 200,000 tasks: it alone finds plans that only a large table shows. `manage.py query_plans` takes a million."""
    call_command("query_plans", "--tasks", "200000")

    assert "lists of 200,000 tasks read ranges of an index" in capsys.readouterr().out
    assert not Task.objects.exists()


def test_a_plan_that_costs_too_much_is_told(db, monkeypatch):
    monkeypatch.setattr(query_plans, "MOST_BUFFERS", 1)

    with pytest.raises(CommandError, match=r"sort=due: .* blocks, of which 2 are allowed"):
        call_command("query_plans", "--tasks", "1000")


def test_a_table_that_is_read_from_end_to_end_is_told(db):
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX tasks_live_created, tasks_live_parent_created, tasks_owner_created_at_id_idx")

    with pytest.raises(CommandError, match=r"\(none\): (reads tasks from end to end|sorts)"):
        call_command("query_plans", "--tasks", "1000")


def test_production_has_no_time_for_it(settings):
    settings.PRODUCTION = True

    with pytest.raises(CommandError, match="production"):
        call_command("query_plans")


def test_each_filter_and_order_names_an_index_that_is_there(db):
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexname FROM pg_indexes WHERE tablename LIKE 'task%'")
        there = {name for (name,) in cursor.fetchall()}
    named = {index.name for index in (*OF_TASKS, OF_LABELS, OF_WORDS)}

    assert named <= there
    assert set(COLUMNS) == set(FILTERS)
    assert all(indexes_of_filter(name) for name in FILTERS)
    assert all(indexes_of_sort(name) for name in SORTS if name != "relevance")


def test_the_document_tells_them():
    parameters = {one["name"]: one for one in document()["paths"]["/tasks"]["get"]["parameters"]}

    assert {name for name in FILTERS if parameters[name]["x-index"]} == set(FILTERS)
    assert parameters["sort"]["x-index"]["due"] == ["tasks_live_status_due", "tasks_live_list_due"]
