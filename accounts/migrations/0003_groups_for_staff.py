"""Groups that staff may be put in. They are there once: who changes or deletes one has the last word. Locks nothing."""

from typing import Any

from django.db import migrations

GROUPS = {
    "support": (
        ("accounts", "user", ("view", "change")),
        ("tasks", "task", ("view", "change")),
        ("jobs", "job", ("view",)),
    ),
    "operator": (
        ("accounts", "user", ("view",)),
        ("jobs", "job", ("view", "change")),
        ("jobs", "celeryerror", ("view",)),
    ),
}
NAMES = {"celeryerror": "Celery error"}


def add_groups(apps: Any, schema_editor: Any) -> None:
    for name, tables in GROUPS.items():
        group, created = apps.get_model("auth", "Group").objects.get_or_create(name=name)
        if created:
            group.permissions.set([made(apps, *table, verb) for *table, verbs in tables for verb in verbs])


def made(apps: Any, app_label: str, model: str, verb: str) -> Any:
    """The permission, which Django would make only after all migrations."""
    content_type, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(
        app_label=app_label, model=model
    )
    permission, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=content_type,
        codename=f"{verb}_{model}",
        defaults={"name": f"Can {verb} {NAMES.get(model, model)}"},
    )
    return permission


def remove_groups(apps: Any, schema_editor: Any) -> None:
    apps.get_model("auth", "Group").objects.filter(name__in=GROUPS).delete()


class Migration(migrations.Migration):
    dependencies = [("accounts", "0002_users_updated_at"), ("contenttypes", "0002_remove_content_type_name")]

    operations = [migrations.RunPython(add_groups, remove_groups)]
