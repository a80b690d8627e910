"""What a page for staff shows, and what it costs."""

import re

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db import connection
from django.test.utils import CaptureQueriesContext


def listed(response, field="__str__"):
    """What the first column of a list links to."""
    assert response.status_code == 200, response.content
    return re.findall(rf'<th class="field-{field}[^"]*"><a [^>]*>([^<]*)</a>', response.content.decode())


def act(client, path, action, *rows):
    """Runs an action on ticked rows, and returns the page that follows."""
    data = {"action": action, ACTION_CHECKBOX_NAME: [row.pk for row in rows], "index": 0}
    return client.post(path, data, follow=True)


def form_of(response):
    """What a browser would send if nothing is changed."""
    form = response.context["adminform"].form
    data = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return {name: value for name, value in data.items() if value not in (None, False)}


def statements(client, path):
    """What the page asks of the database, once what a process asks only once is known."""
    client.get(path)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return [query["sql"] for query in captured]


def plan_of_rows(client, path, table):
    """How PostgreSQL finds the rows of a list."""
    asked = [sql for sql in statements(client, path) if re.match("SELECT (?!DISTINCT)", sql)]  # not a filter's choices
    rows = [sql for sql in asked if f'FROM "{table}"' in sql]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (COSTS OFF) {rows[-1]}")
        return "\n".join(row[0] for row in cursor.fetchall())
