"""Labels, and which tasks have them."""

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import models

from events.models import Change, Kind
from taskhub.api.problems import InputError, Problem
from taskhub.owned import owned
from tasks.models.resource import Resource, ResourceQuerySet
from tasks.models.task_list import COLOUR

LONGEST_LABEL = 50  # characters
LONGEST_KEY = 20 * LONGEST_LABEL  # one character can become 18 of them
MOST_LABELS = 50  # of a task


def key_of(name: str) -> str:
    """By which labels are the same: without regard to case, and to how Unicode writes a character."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name.strip()).casefold())


class NameTaken(Problem):
    status_code = 409
    default_code = "name_taken"
    default_detail = "You have a label of this name."
    errors = (InputError(pointer="/name", code="name_taken", detail=default_detail),)


class LabelQuerySet(ResourceQuerySet):
    def ensure(self, owner_id: Any, names: Iterable[str]) -> tuple[dict[str, UUID], list[Change]]:
        """The ids of labels by key; those that the owner does not have are made. Returns the events of these, too, for
        the caller to record.
        """
        wanted: dict[str, str] = {}
        for name in names:
            wanted.setdefault(key_of(name), name)  # as it is written first
        rows = self.model._base_manager.filter(owner=owner_id, key__in=wanted)
        known = dict(rows.values_list("key", "id"))
        # In one order, so that two requests never wait for each other in a circle
        missing = [
            Label.new(owner_id=owner_id, name=wanted[key].strip()) for key in sorted(wanted.keys() - known.keys())
        ]
        if not missing:
            return known, []
        self.bulk_create(missing, ignore_conflicts=True)  # somebody else may have made one in this moment
        known = dict(rows.values_list("key", "id"))
        return known, [label.event(Kind.CREATED) for label in missing if known.get(label.key) == label.pk]

    def shown(self, owner_id: Any, rows: Sequence[dict[str, Any]]) -> dict[UUID, "Label"]:
        """Replaces the `label_ids` of tasks by those of labels that are there, and adds their names, both in the order
        of names. Returns the labels.
        """
        ids = {pk for row in rows for pk in row["label_ids"] or ()}
        found = {label.pk: label for label in self.filter(owner=owner_id, pk__in=ids)} if ids else {}
        for row in rows:
            if not row["label_ids"]:
                row["label_ids"], row["labels"] = [], []
                continue
            present = ordered(found[pk] for pk in row["label_ids"] if pk in found)
            row["labels"] = [label.name for label in present]
            row["label_ids"] = [label.pk for label in present]
        return found


def ordered(labels: Iterable["Label"]) -> list["Label"]:
    return sorted(labels, key=lambda label: (label.key, label.pk))


def fingerprint(labels: Mapping[UUID, "Label"]) -> list[str]:
    """What changes in the ETag of a task when a label of it is renamed or deleted. Nothing without labels: of a version
    of a task, the number of its labels only shrinks, and while it stays, the sum of their versions only grows.
    """
    return [f"{len(labels)}-{sum(label.version for label in labels.values())}"] if labels else []


@owned("labels", "id", "name", "colour", "created_at", "updated_at", "version")
class Label(Resource):
    resource = "label"
    recorded = ("name", "colour")
    derived = ("key", "updated_at")
    sized = ("name",)
    refusals = {"label_owner_key": NameTaken}

    # No index of its own: label_owner_key begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="labels", db_index=False)
    name = models.CharField(max_length=LONGEST_LABEL)
    key = models.CharField(max_length=LONGEST_KEY, db_collation="C", editable=False)
    colour = models.CharField(max_length=7, blank=True, default="", validators=[COLOUR])

    objects = LabelQuerySet.as_manager()

    class Meta:
        db_table = "label"
        constraints = [models.UniqueConstraint(fields=["owner", "key"], name="label_owner_key")]

    def __str__(self) -> str:
        return self.name

    def follow(self) -> None:
        super().follow()
        self.key = key_of(self.name)


class TaskLabel(models.Model):
    """Which tasks have a label, newest first. Made of `tasks.label_ids` by triggers, without the trash."""

    pk = models.CompositePrimaryKey("task_id", "label_id")
    task = models.ForeignKey(
        "tasks.Task", on_delete=models.DO_NOTHING, db_index=False, db_constraint=False, related_name="+"
    )
    label_id = models.UUIDField()
    owner_id = models.UUIDField()
    created_at = models.DateTimeField()  # of the task

    class Meta:
        db_table = "task_label"
        indexes = [
            models.Index(fields=["owner_id", "label_id", "-created_at", "-task_id"], name="task_label_created"),
        ]

    def __str__(self) -> str:
        return f"{self.task_id}: {self.label_id}"
