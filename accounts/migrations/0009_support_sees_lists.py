"""The group `support`, where it still is, may view what belongs to tasks, and plans. Locks nothing."""

from importlib import import_module
from typing import Any

from django.db import migrations

made = import_module("accounts.migrations.0003_groups_for_staff").made
MODELS = {
    "tasks": ("comment", "label", "savedfilter", "tasklist"),
    "tickets": ("finding", "plan", "sourcefile", "ticket"),
}


def add(apps: Any, schema_editor: Any) -> None:
    for group in apps.get_model("auth", "Group").objects.filter(name="support"):
        group.permissions.add(*(made(apps, app, model, "view") for app, models in MODELS.items() for model in models))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0008_default_of_staff")]

    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
