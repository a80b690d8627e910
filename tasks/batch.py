"""Many changes in one request: a number of statements that does not grow with them (CONTRACT section 4)."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from django.utils import timezone
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ValidationError
from uuid_utils.compat import uuid7

from accounts.models import User
from events.conditions import Behind, require_not_behind
from events.models import Actor, Change, Event, Kind, Via
from taskhub.api.errors import problem_body
from taskhub.api.problems import IdConflict, InputError, Problem
from taskhub.api.serializers import BooleanField, ChoiceField, IdField, IntegerField, StrictSerializer
from tasks import trash, tree
from tasks.models import Label, Task
from tasks.models.label import ordered
from tasks.models.task import NEVER
from tasks.references import References, needs_tree
from tasks.serializers import NewTaskSerializer, TaskSerializer

MOST_OPERATIONS = 200
WRITTEN = (*Task.recorded, *Task.derived, "version", "deleted_at")
FIELDS = {"labels": "labels", "list": "list_id", "parent": "parent_id"}  # that refer to something


class BatchSerializer(StrictSerializer):
    atomic = BooleanField(default=True)
    operations = serializers.ListField(child=serializers.JSONField(), min_length=1, max_length=MOST_OPERATIONS)


class CreateSerializer(StrictSerializer):
    op = ChoiceField(["create", "update", "delete"])
    task = serializers.JSONField()


class DeleteSerializer(StrictSerializer):
    op = ChoiceField(["create", "update", "delete"])
    id = IdField(source="pk")
    if_match = IntegerField(required=False, min_value=1)


class UpdateSerializer(DeleteSerializer):
    changes = serializers.JSONField()


SERIALIZERS = {"create": CreateSerializer, "update": UpdateSerializer, "delete": DeleteSerializer}


class FailedOperation(Problem):
    """What went wrong with the operation in that place, as the answer to the whole or in its result."""

    status_code = 400
    default_code = "validation_error"

    def __init__(self, error: APIException, place: int) -> None:
        body = problem_body(error, "")
        super().__init__(body["detail"])
        self.status_code, self.default_code = error.status_code, body["code"]
        self.members = error.members if isinstance(error, Problem) else {}
        found: list[InputError] = body["errors"] or [InputError(pointer="", code=body["code"], detail=body["detail"])]
        self.errors = tuple({**one, "pointer": f"/operations/{place}{one['pointer']}"} for one in found)


class TooManySubtasks(Problem):
    status_code = 409
    default_code = "too_many_subtasks"
    default_detail = (
        f"More than {trash.MOST_AT_ONCE:,} tasks are under those to be deleted. Delete these without a batch."
    )


class Batch:
    """Does the operations in memory, on locked rows, and then writes what came of them all."""

    def __init__(self, user: User, operations: list[Any]) -> None:
        self.user = user
        self.operations = [checked(operation) for operation in operations]
        referring = list(self.referring())
        # Before any row is locked: lists, and what is under what, must not change meanwhile
        deletes = any(operation["op"] == "delete" for operation in self.operations)
        if deletes or any(needs_tree(fields) for _, fields in referring):
            tree.lock(user.pk)
        self.tasks = {task.pk: task for task in self.locked()}
        self.references = References(user.pk, referring)
        ids = {pk for task in self.tasks.values() for pk in task.label_ids} | set(self.references.labels.values())
        self.labels = {label.pk: label for label in Label.objects.owned_by(user).filter(pk__in=ids)} if ids else {}
        self.at = timezone.now()
        self.known = self.tasks.keys() | self.ids_in_use()
        self.stored = set(self.tasks)  # the ids of the rows that are there
        self.events: list[Change] = []

    def locked(self) -> Iterator[Task]:
        """In the order of their ids, so that two batches never wait for each other in a circle."""
        wanted = [operation["pk"] for operation in self.operations if "pk" in operation]
        removed = [operation["pk"] for operation in self.operations if operation["op"] == "delete"]
        wanted += trash.below(self.user.pk, removed, NEVER, False, trash.MOST_AT_ONCE + 1) if removed else []
        if len(wanted) > trash.MOST_AT_ONCE + MOST_OPERATIONS:
            raise TooManySubtasks
        for task in (
            Task.objects.owned_by(self.user).filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
        ):
            task.owner = self.user
            yield task

    def referring(self) -> Iterator[tuple[UUID | None, Mapping[str, Any]]]:
        """The id that each operation has to do with, and what it refers to."""
        for operation in self.operations:
            fields = operation.get("task") or understood(operation.get("changes"))
            yield operation.get("pk") or fields.get("id"), fields

    def ids_in_use(self) -> set[UUID]:
        """Those of new tasks that a row or event has, whoever's."""
        wanted = [operation["task"]["id"] for operation in self.operations if "id" in operation.get("task", ())]
        if not wanted:
            return set()
        rows = Task.objects.filter(pk__in=wanted).values_list("pk").order_by()
        return {pk for (pk,) in rows.union(Event.objects.filter(resource_id__in=wanted).values_list("resource_id"))}

    def run(self, atomic: bool, path: str) -> list[dict[str, Any]]:
        """The result of each. Raises FailedOperation for the first that cannot be done, if `atomic`, and IdConflict
        when somebody else took an id in this moment.
        """
        results = []
        for place, operation in enumerate(self.operations):
            try:
                results.append(self.do(**operation))
            except APIException as error:
                failed = FailedOperation(error, place)
                if atomic:
                    raise failed from error
                results.append({"status": failed.status_code, "problem": problem_body(failed, path)})
        self.write()
        return results

    def do(self, op: str, **operation: Any) -> dict[str, Any]:
        if op == "invalid":
            raise operation["error"]
        done: dict[str, Any] = getattr(self, op)(**operation)
        return done

    def create(self, task: dict[str, Any]) -> dict[str, Any]:
        if task.get("id") in self.known:
            conflict = IdConflict()
            conflict.errors = (InputError(pointer="/task/id", code="id_conflict", detail=conflict.default_detail),)
            raise conflict
        pk = task.setdefault("id", uuid7())
        made = Task.new(owner=self.user, **self.resolved(pk, task, "task"))
        self.tasks[made.pk] = made
        self.known |= {made.pk}
        self.events.append(made.event(Kind.CREATED))
        return {"status": 201, "task": self.shown(made)}

    def resolved(self, pk: UUID, fields: dict[str, Any], part: str) -> dict[str, Any]:
        """With what they refer to. Raises ValidationError, whose pointers begin with the part of the operation."""
        try:
            return self.references.resolve(pk, fields, new=part == "task")
        except ValidationError as error:
            raise ValidationError({part: error.detail}) from error

    def update(self, pk: UUID, changes: Any, if_match: int | None = None) -> dict[str, Any]:
        task = self.found(pk, if_match)
        if isinstance(changes, Mapping):
            require_not_behind(changes.get("version"), task, lambda: self.shown(task))
        fields = validated(TaskSerializer(task, data=changes, partial=True), "changes")
        fields = self.resolved(pk, fields, "changes")
        if event := task.apply(**fields):
            self.events.append(event)
        return {"status": 200, "task": self.shown(task)}

    def delete(self, pk: UUID, if_match: int | None = None) -> dict[str, Any]:
        self.found(pk, if_match)
        for one in [pk, *self.under(pk)]:
            task = self.tasks[one]
            self.events.append(task.removal())
            task.version, task.deleted_at = task.version + 1, self.at
            self.references.forget(one)
        return {"status": 204}

    def under(self, pk: UUID) -> list[UUID]:
        """Those of the tasks here that are under this one, by what the operations before have done."""
        found = [pk]
        for parent in found:
            found += [task.pk for task in self.tasks.values() if task.parent_id == parent and not task.deleted_at]
        return found[1:]

    def shown(self, task: Task) -> Any:
        task.__dict__["present_labels"] = ordered(self.labels[pk] for pk in task.label_ids if pk in self.labels)
        return task.as_owner_sees()

    def found(self, pk: UUID, version: int | None) -> Task:
        """Raises NotFound, Behind."""
        task = self.tasks.get(pk)
        if task is None or task.deleted_at:
            raise NotFound
        if version not in (None, task.version):
            raise Behind(task, version, lambda: self.shown(task))
        return task

    def write(self) -> None:
        """Raises IdConflict and ExternalKeyTaken."""
        changed = {event.resource_id for event in self.events}
        try:
            parents = {task.parent_id for task in self.tasks.values()}
            new = [task for pk, task in self.tasks.items() if pk not in self.stored]
            Task.objects.bulk_create(task for task in new if task.pk in parents)  # before they are referred to
            if updated := [task for pk, task in self.tasks.items() if pk in self.stored & changed]:
                Task.objects.filter(owner=self.user).bulk_update(updated, WRITTEN)
            Task.objects.bulk_create(task for task in new if task.pk not in parents)
            Event.objects.record([*self.references.events, *self.events], Actor(self.user.username, Via.API))
        except IntegrityError as error:
            if known := Task.refusal(error):
                raise known from error
            raise


def understood(changes: Any) -> dict[str, Any]:
    """What the changes of a task refer to. What is wrong with them is told when it is their turn."""
    found, fields = {}, TaskSerializer().fields
    for name in FIELDS.keys() & changes if isinstance(changes, Mapping) else ():
        with suppress(ValidationError):
            found[FIELDS[name]] = fields[name].run_validation(changes[name])
    return found


def checked(operation: Any) -> dict[str, Any]:
    """The operation as Batch.do() takes it, an invalid one as the error that it is."""
    name = operation.get("op") if isinstance(operation, Mapping) else None
    kind = SERIALIZERS.get(name, DeleteSerializer) if isinstance(name, str) else DeleteSerializer
    try:
        found = kind(data=operation).checked()
        if "task" in found:
            found["task"] = validated(NewTaskSerializer(data=found["task"]), "task")
    except ValidationError as error:
        return {"op": "invalid", "error": error}
    return found


def validated(serializer: StrictSerializer, part: str) -> dict[str, Any]:
    """Raises ValidationError, whose pointers begin with the part of the operation."""
    try:
        return serializer.checked()
    except ValidationError as error:
        raise ValidationError({part: error.detail}) from error
