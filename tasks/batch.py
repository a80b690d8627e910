"""Many changes in one request: a number of statements that does not grow with them (CONTRACT section 4)."""

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import UUID

from django.db import IntegrityError
from rest_framework import serializers
from rest_framework.exceptions import APIException, NotFound, ValidationError

from accounts.models import User
from events.conditions import Behind, require_not_behind
from events.models import Actor, Change, Event, Kind, Via
from taskhub.api.errors import problem_body
from taskhub.api.problems import IdConflict, InputError, Problem
from taskhub.api.serializers import BooleanField, ChoiceField, IdField, IntegerField, StrictSerializer
from tasks.models import Task, refusal
from tasks.serializers import NewTaskSerializer, TaskSerializer

MOST_OPERATIONS = 200
WRITTEN = (*Task.recorded, *Task.derived, "version")


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


class Batch:
    """Does the operations in memory, on locked rows, and then writes what came of them all."""

    def __init__(self, user: User, operations: list[Any]) -> None:
        self.user = user
        self.operations = [checked(operation) for operation in operations]
        self.tasks = {task.pk: task for task in self.locked()}
        self.known = self.tasks.keys() | self.ids_in_use()
        self.stored = set(self.tasks)  # the ids of the rows that are there
        self.events: list[Change] = []

    def locked(self) -> Iterator[Task]:
        """In the order of their ids, so that two batches never wait for each other in a circle."""
        wanted = [operation["pk"] for operation in self.operations if "pk" in operation]
        for task in (
            Task.objects.owned_by(self.user).filter(pk__in=wanted).order_by("pk").select_for_update(no_key=True)
        ):
            task.owner = self.user
            yield task

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
        made = Task.new(owner=self.user, **task)
        self.tasks[made.pk] = made
        self.known |= {made.pk}
        self.events.append(made.event(Kind.CREATED))
        return {"status": 201, "task": TaskSerializer(made).data}

    def update(self, pk: UUID, changes: Any, if_match: int | None = None) -> dict[str, Any]:
        task = self.found(pk, if_match)
        if isinstance(changes, Mapping):
            require_not_behind(changes.get("version"), task, lambda: TaskSerializer(task).data)
        fields = validated(TaskSerializer(task, data=changes, partial=True), "changes")
        if event := task.apply(**fields):
            self.events.append(event)
        return {"status": 200, "task": TaskSerializer(task).data}

    def delete(self, pk: UUID, if_match: int | None = None) -> dict[str, Any]:
        task = self.found(pk, if_match)
        self.events.append(task.removal())
        del self.tasks[pk]
        return {"status": 204}

    def found(self, pk: UUID, version: int | None) -> Task:
        """Raises NotFound, Behind."""
        task = self.tasks.get(pk)
        if task is None:
            raise NotFound
        if version not in (None, task.version):
            raise Behind(task, version, lambda: TaskSerializer(task).data)
        return task

    def write(self) -> None:
        """Raises IdConflict and ExternalKeyTaken."""
        changed = {event.resource_id for event in self.events}
        rows = Task.objects.owned_by(self.user)
        if gone := self.stored - self.tasks.keys():
            rows.filter(pk__in=gone).delete()
        try:
            if updated := [task for pk, task in self.tasks.items() if pk in self.stored & changed]:
                rows.bulk_update(updated, WRITTEN)
            Task.objects.bulk_create(task for pk, task in self.tasks.items() if pk not in self.stored)
            Event.objects.record(self.events, Actor(self.user.username, Via.API))
        except IntegrityError as error:
            if known := refusal(error):
                raise known from error
            raise


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
