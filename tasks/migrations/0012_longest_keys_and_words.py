"""Limits that the longest text fits: the key of a label, and the words of a task.

The column becomes longer without its rows being read; both locks are held for a moment.
"""

from django.db import migrations, models

# Characters of a description and of comments: the tsvector of twice as many could exceed its limit, a megabyte
DOCUMENT = """
    CREATE OR REPLACE FUNCTION task_document(title text, more text) RETURNS tsvector
    LANGUAGE sql STABLE PARALLEL SAFE AS $$
        SELECT CASE more WHEN '' THEN setweight(task_vector(title), 'A')
            ELSE setweight(task_vector(title), 'A') || task_vector(left(more, {characters})) END
    $$
"""


class Migration(migrations.Migration):
    dependencies = [("tasks", "0011_indexes_of_lists_and_trash")]

    operations = [
        migrations.AlterField(
            model_name="label",
            name="key",
            field=models.CharField(db_collation="C", editable=False, max_length=1000),
        ),
        migrations.RunSQL(DOCUMENT.format(characters=50_000), DOCUMENT.format(characters=100_000)),
    ]
