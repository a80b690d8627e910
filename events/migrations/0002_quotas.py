"""Quotas: columns with constant defaults, for which event_sequence, the table of all writers, is locked for a moment.

Then the tasks of each owner are counted, a hundred owners in each transaction, which locks their writes alone. It can be run
again.
"""

from typing import Any
from uuid import UUID

from django.db import migrations, models
from django.db.transaction import atomic

CONSTRAINTS = ("tasks", "bytes")
ADD = f"""
    ALTER TABLE event_sequence
        ADD COLUMN IF NOT EXISTS tasks bigint DEFAULT 0 NOT NULL, ADD COLUMN IF NOT EXISTS most_tasks bigint,
        ADD COLUMN IF NOT EXISTS bytes bigint DEFAULT 0 NOT NULL, ADD COLUMN IF NOT EXISTS most_bytes bigint,
        {", ".join(f"DROP CONSTRAINT IF EXISTS event_sequence_quota_of_{name}" for name in CONSTRAINTS)},
        {", ".join(f"ADD CONSTRAINT event_sequence_quota_of_{name} CHECK ({name} <= most_{name})" for name in CONSTRAINTS)}
"""
REMOVE = """
    ALTER TABLE event_sequence DROP COLUMN tasks, DROP COLUMN most_tasks, DROP COLUMN bytes, DROP COLUMN most_bytes
"""
BATCH = 100
OWNERS = "SELECT id FROM users WHERE id > %s ORDER BY id LIMIT %s"
LOCK = """
    INSERT INTO event_sequence (owner_id, last)
    SELECT id, 0 FROM users WHERE id = ANY(%s) AND EXISTS (SELECT FROM tasks WHERE owner_id = users.id) ORDER BY id
    ON CONFLICT (owner_id) DO UPDATE SET last = event_sequence.last
"""
COUNT = """
    UPDATE event_sequence SET tasks = counted.tasks, bytes = counted.bytes FROM (
        SELECT owner_id, count(*) AS tasks, sum(octet_length(title) + octet_length(description)) AS bytes
        FROM tasks WHERE owner_id = ANY(%s) GROUP BY owner_id
    ) AS counted WHERE event_sequence.owner_id = counted.owner_id
"""


def count(apps: Any, schema_editor: Any) -> None:
    owners: list[Any] = [UUID(int=0)]
    with schema_editor.connection.cursor() as cursor:
        while owners:
            cursor.execute(OWNERS, [owners[-1], BATCH])
            owners = [row[0] for row in cursor.fetchall()]
            with atomic(schema_editor.connection.alias):
                cursor.execute(LOCK, [owners])  # before the statement that counts, which then sees all that was written
                cursor.execute(COUNT, [owners])


class Migration(migrations.Migration):
    atomic = False
    dependencies = [
        ("events", "0001_initial"),
        ("tasks", "0003_versions"),  # which it counts
    ]

    operations = [
        migrations.SeparateDatabaseAndState(
            [migrations.RunSQL(ADD, REMOVE)],
            [
                migrations.AddField(
                    model_name="eventsequence",
                    name="bytes",
                    field=models.BigIntegerField(db_default=0, default=0),
                ),
                migrations.AddField(
                    model_name="eventsequence",
                    name="most_bytes",
                    field=models.BigIntegerField(null=True),
                ),
                migrations.AddField(
                    model_name="eventsequence",
                    name="most_tasks",
                    field=models.BigIntegerField(null=True),
                ),
                migrations.AddField(
                    model_name="eventsequence",
                    name="tasks",
                    field=models.BigIntegerField(db_default=0, default=0),
                ),
                migrations.AddConstraint(
                    model_name="eventsequence",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("tasks__lte", models.F("most_tasks"))), name="event_sequence_quota_of_tasks"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="eventsequence",
                    constraint=models.CheckConstraint(
                        condition=models.Q(("bytes__lte", models.F("most_bytes"))), name="event_sequence_quota_of_bytes"
                    ),
                ),
            ],
        ),
        migrations.RunPython(count, migrations.RunPython.noop),
    ]
