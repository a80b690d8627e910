"""Every migration of ours, backwards and forwards, and while the release before it runs."""

import sys

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django_migration_linter import MigrationLinter

OURS = ("accounts", "events", "jobs", "tasks", "tickets")
KNOWN = {  # what the linter says of them, and why it may be so
    "0001_initial": "there was nothing before it",
    "0006_mail_and_second_factor": "NOT NULL without a default, which 0008 adds",
    "0007_lists_and_labels": "indexes of tables that it makes itself",
    "0012_longest_keys_and_words": "a longer varchar: no row is read",
}
# All that a migration can leave behind, by name and definition
SCHEMA = """
    SELECT concat_ws(' ', table_name || '.' || column_name, data_type, is_nullable, column_default)
    FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT pg_get_functiondef(oid) FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prokind = 'f'
"""


def schema():
    with connection.cursor() as cursor:
        cursor.execute(SCHEMA)
        return {row[0] for row in cursor.fetchall()}


def steps():
    """Each migration of ours with the one before it in its app, the last first."""
    graph = MigrationLoader(None).graph
    plan = [key for leaf in graph.leaf_nodes() for key in graph.forwards_plan(leaf) if key[0] in OURS]
    ordered = list(dict.fromkeys(plan))
    for app, name in reversed(ordered):
        earlier = [other for label, other in ordered[: ordered.index((app, name))] if label == app]
        yield app, earlier[-1] if earlier else "zero"


@pytest.fixture
def again(transactional_db):
    yield
    call_command("migrate", verbosity=0)


@pytest.mark.timeout(120)
def test_each_migration_takes_back_what_it_did(again):
    """It alone reverses migrations; that costs a second or two."""
    whole = schema()
    for app, before in steps():
        call_command("migrate", app, before, verbosity=0)
    nothing = schema()
    call_command("migrate", verbosity=0)

    assert not [line for line in nothing if line.startswith(("users.", "tasks.", "job_"))]
    assert schema() == whole


def test_the_release_before_each_can_go_on_while_it_runs(transactional_db):
    linter = MigrationLinter(include_apps=OURS, no_cache=True, no_output=True, all_warnings_as_errors=True)
    told = set()
    for migration in MigrationLoader(None).disk_migrations.values():
        found = linter.nb_erroneous
        if migration.app_label in OURS:
            linter.lint_migration(migration)
        told |= {migration.name} if linter.nb_erroneous > found else set()

    assert told == KNOWN.keys()


def test_each_says_what_it_locks():
    migrations = MigrationLoader(None).disk_migrations.values()
    later = [migration for migration in migrations if migration.app_label in OURS and not migration.initial]

    assert [migration for migration in later if not sys.modules[type(migration).__module__].__doc__] == []
    assert len(later) >= 20
