"""Each list of plans, and of what belongs to one, is a range of an index, in its order, however many rows there are.

What is looked for is rare, or PostgreSQL would rather pass over what is not meant.
"""

import json

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from taskhub.tests.contract import operation_at
from tickets.tests.factories import FileFactory, PlanFactory, TicketFactory

pytestmark = pytest.mark.django_db
MANY = 20_000
FILL = """
    INSERT INTO plan SELECT (jsonb_populate_record(plan, jsonb_build_object('id', gen_random_uuid(),
        'created_at', now() - n * interval '1 s', 'stage', CASE n %% 20 WHEN 0 THEN 'upload' ELSE 'review' END))).*
        FROM plan, generate_series(1, 2000) AS n WHERE plan.id = '{plan}';
    INSERT INTO source_file SELECT (jsonb_populate_record(source_file, jsonb_build_object('id', uuidv7(),
        'plan_id', plan.id))).* FROM source_file, plan WHERE source_file.id = '{file}' AND plan.id <> '{plan}';
    INSERT INTO ticket SELECT (jsonb_populate_record(ticket, jsonb_build_object('id', uuidv7(), 'source_key', n,
        'position', n + 100, 'group_place', n %% 7, 'ready', n %% 20 = 0))).*
        FROM ticket, generate_series(1, {many}) AS n WHERE ticket.id = '{ticket}';
    INSERT INTO finding (id, owner_id, plan_id, number, phase, severity, code, file_id, header, value, message,
            suggestions)
        SELECT gen_random_uuid(), '{owner}', '{plan}', n, 'content',
            CASE n %% 20 WHEN 0 THEN 'info' ELSE 'blocking' END, 'code' || n %% 20,
            CASE n %% 20 WHEN 0 THEN '{file}'::uuid ELSE '{other}' END, '', '', '', '[]'
        FROM generate_series(1, {many}) AS n;
    INSERT INTO ticket_dependency (id, owner_id, plan_id, ticket_id, needs_id, origin)
        SELECT uuidv7(), '{owner}', '{plan}', '{ticket}', id, 'manual' FROM ticket WHERE id <> '{ticket}';
    INSERT INTO plan_event (id, owner_id, plan_id, kind, actor, data, request_id, created_at)
        SELECT uuidv7(), '{owner}', '{plan}', 'checked', '', '{{}}', '-', now() FROM generate_series(1, {many}) AS n;
    ANALYZE plan, ticket, finding, ticket_dependency, plan_event, source_file
"""
LISTS = [
    "plans",
    "plans?stage=upload",
    "plans/{plan}/files",
    "plans/{plan}/tickets",
    "plans/{plan}/tickets?group=Views",
    "plans/{plan}/tickets?ready=true",
    "plans/{plan}/tickets?group=Views&ready=true",
    "plans/{plan}/findings",
    "plans/{plan}/findings?severity=info",
    "plans/{plan}/findings?code=code1",
    "plans/{plan}/findings?file={file}",
    "plans/{plan}/dependencies",
    "plans/{plan}/events",
]


@pytest.fixture
def large(alice):
    plan = PlanFactory(owner=alice)
    ids = {"owner": alice.pk, "plan": plan.pk, "file": FileFactory(plan=plan).pk, "ticket": TicketFactory(plan=plan).pk}
    ids["other"] = FileFactory.create_batch(10, plan=plan)[0].pk
    with connection.cursor() as cursor:
        cursor.execute(FILL.format(**ids, many=MANY).replace("%%", "%"))
    return ids


def test_each_filter_names_the_index_that_serves_it(alice_client, large):
    for path in LISTS:
        query = QueryDict(path.partition("?")[2])
        described = operation_at("GET", "/" + path.partition("?")[0].format(**large))["parameters"]
        named = {one["name"]: one["x-index"] for one in described if one["name"] in query}
        with CaptureQueriesContext(connection) as captured:
            alice_client.get("/" + path.format(**large))
        with connection.cursor() as asked:
            asked.execute(f"EXPLAIN {captured[0]['sql']}")
            plan = "\n".join(row[0] for row in asked.fetchall())

        assert not query or any(index in plan for (index,) in named.values()), (path, plan)


def nodes(plan):
    yield plan
    for part in plan.get("Plans", ()):
        yield from nodes(part)


def test_a_page_in_the_middle_of_each_reads_a_range_of_an_index(alice_client, large):
    """All in one test: what takes time is the filling."""
    for path in LISTS:
        address = "/" + path.format(**large)
        first = alice_client.get(address, {"limit": 5}).json()
        cursor = first["meta"]["next_cursor"]
        with CaptureQueriesContext(connection) as captured:
            assert len(alice_client.get(address, {"limit": 5, "cursor": cursor}).json()["items"]) == 5, path
        with connection.cursor() as asked:
            asked.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {captured[0]['sql']}")
            found = asked.fetchone()[0]
        (explained,) = json.loads(found) if isinstance(found, str) else found
        kinds = {node["Node Type"] for node in nodes(explained["Plan"]["Plans"][-1])}

        assert not kinds & {"Seq Scan", "Sort", "Incremental Sort"}, (path, explained)
        assert explained["Plan"]["Shared Hit Blocks"] + explained["Plan"]["Shared Read Blocks"] < 60, path
