"""Fills in what triggers keep from now on, of the tasks that are there: 500 in each transaction, which locks them alone.

It can be run again, and goes on where it stopped.
"""

from typing import Any
from uuid import UUID

from django.db import migrations

BATCH = 500
# The trigger fills in the keys of a row without a position
FILL = """
    WITH batch AS (
        SELECT id FROM tasks WHERE id > %s ORDER BY id LIMIT %s FOR NO KEY UPDATE
    ), filled AS (
        UPDATE tasks SET position = '' FROM batch WHERE tasks.id = batch.id AND tasks.position = ''
    ), indexed AS (
        INSERT INTO task_search (task_id, owner_id, document)
        SELECT id, owner_id, task_document(title, description) FROM tasks JOIN batch USING (id) WHERE deleted_at IS NULL
        ON CONFLICT DO NOTHING
    ) SELECT id FROM batch ORDER BY id DESC LIMIT 1
"""


def fill_in(apps: Any, schema_editor: Any) -> None:
    last: Any = UUID(int=0)
    with schema_editor.connection.cursor() as cursor:
        while last:
            cursor.execute(FILL, [last, BATCH])
            last = (cursor.fetchone() or [None])[0]


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("tasks", "0009_triggers_of_tasks")]

    operations = [migrations.RunPython(fill_in, migrations.RunPython.noop)]
