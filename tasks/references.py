"""What the fields of tasks refer to: lists, labels and parents, all of the same owner."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from rest_framework.exceptions import ErrorDetail, ValidationError

from events.models import Change
from tasks import tree
from tasks.models import Label, TaskList
from tasks.models.label import key_of

REFERRING = ("labels", "list_id", "parent_id")


def refers(fields: Mapping[str, Any]) -> bool:
    return any(fields.get(name) for name in REFERRING)


def needs_tree(fields: Mapping[str, Any]) -> bool:
    """Whether the lock of the tree is: a list or parent must not be deleted before the task is in it."""
    return bool(fields.get("list_id") or fields.get("parent_id"))


class References:
    """Looks up what is named in the fields of some tasks. Labels that are not there are made.

    `events` are those of new labels, for the caller to record. If a list or parent is named, the caller has the lock
    of the tree.
    """

    def __init__(self, owner_id: Any, tasks: Iterable[tuple[UUID | None, Mapping[str, Any]]]) -> None:
        tasks = list(tasks)
        names = [name for _, fields in tasks for name in fields.get("labels") or ()]
        lists = {fields["list_id"] for _, fields in tasks if fields.get("list_id")}
        parents = {fields["parent_id"] for _, fields in tasks if fields.get("parent_id")}
        self.labels: dict[str, UUID] = {}
        self.events: list[Change] = []
        if names:
            self.labels, self.events = Label.objects.ensure(owner_id, names)
        known = TaskList.objects.filter(owner=owner_id, deleted_at=None, pk__in=lists) if lists else ()
        self.lists = {found.pk for found in known}
        ids = parents | {pk for pk, fields in tasks if pk and fields.get("parent_id")}
        self.tree = tree.Tree(owner_id, ids) if parents else None

    def resolve(self, pk: UUID, fields: dict[str, Any], new: bool = False) -> dict[str, Any]:
        """The fields as a model takes them. Raises ValidationError, Cycle and TooDeep."""
        if fields.get("list_id") and fields["list_id"] not in self.lists:
            raise ValidationError({"list": ErrorDetail("You have no such list.", code="does_not_exist")})
        if self.tree and (new or "parent_id" in fields):
            self.tree.put(pk, fields.get("parent_id"))
        if "labels" in fields:
            keys = sorted({key_of(name) for name in fields.pop("labels") or ()})
            fields["label_ids"] = [self.labels[key] for key in keys]
        return fields

    def forget(self, pk: UUID) -> None:
        """A task that is deleted is no parent any more."""
        if self.tree:
            self.tree.parents.pop(pk, None)
