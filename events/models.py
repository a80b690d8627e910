"""One append-only row for each change of what belongs to a user, and the resources whose changes are recorded."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, connection, models
from django.db.models.functions import Now

from taskhub.api import request_id
from taskhub.api.formats import to_json
from taskhub.api.problems import Conflict, IdConflict, Problem
from taskhub.owned import owned
from taskhub.postgresql.caller import Caller
from taskhub.postgresql.errors import violated_constraint
from taskhub.postgresql.statements import insert, rows_in_order

LONGEST_VALUE = 200  # characters of a text in `changes`; longer ones are cut and end with an ellipsis
LONGEST_ACTOR = 150
MOST_VERSIONS = 1000  # whose changes are put together for somebody who is behind


class Kind(models.TextChoices):
    CREATED = "created"
    UPDATED = "updated"
    DELETED = "deleted"
    RESTORED = "restored"


class Via(models.TextChoices):
    API = "api"
    STAFF = "staff"
    JOB = "job"
    IMPORT = "import"
    COMMAND = "command"


class Actor(NamedTuple):
    """Who changes something, and from where. `name` is a username, or empty."""

    name: str
    via: Via


@dataclass(frozen=True)
class Change:
    """What happened to one resource. `version` is the one that it made."""

    owner_id: UUID | str
    resource: str
    resource_id: UUID | str
    version: int
    kind: Kind
    changes: Mapping[str, Any] = field(default_factory=dict)
    rows: int = 0  # by which it changes what is counted of the owner's
    size: int = 0  # likewise, bytes of text


# What clients see of an event. Those of staff are shown as staff's, whoever it was
COLUMNS = (
    "version",
    "kind",
    "CASE via WHEN 'api' THEN actor ELSE via END AS actor",
    "request_id",
    "created_at",
    "changes",
)
ORDER = ("version",)
# Fixed text, because every write runs one of them: docs/adr/0011-where-sql-is-fixed.md. The number of an event counts
# within its owner, under a row lock that is held until the commit: docs/adr/0012-events-are-numbered-by-owner.md
QUOTAS = {"event_sequence_quota_of_tasks", "event_sequence_quota_of_bytes"}  # constraints
EVENT_KEY = "event_resource_version_key"
# What an owner uses is counted in the same row. A constraint compares it with the quota of the latest write, which is
# raised to what is used by a write that adds nothing: a lower quota keeps nobody from deleting
COUNT = """INSERT INTO event_sequence (owner_id, last, tasks, bytes, most_tasks, most_bytes) {source}
    ON CONFLICT (owner_id) DO UPDATE SET last = event_sequence.last + EXCLUDED.last,
        tasks = event_sequence.tasks + EXCLUDED.tasks, bytes = event_sequence.bytes + EXCLUDED.bytes,
        most_tasks = CASE WHEN EXCLUDED.tasks > 0 THEN EXCLUDED.most_tasks
            ELSE greatest(EXCLUDED.most_tasks, event_sequence.tasks + EXCLUDED.tasks) END,
        most_bytes = CASE WHEN EXCLUDED.bytes > 0 THEN EXCLUDED.most_bytes
            ELSE greatest(EXCLUDED.most_bytes, event_sequence.bytes + EXCLUDED.bytes) END
    RETURNING owner_id, last"""
INSERT = """INSERT INTO event
    (owner_id, number, resource, resource_id, version, kind, actor, via, request_id, changes)"""
OF_OWNERS = """SELECT owner_id, count(*), sum(rows), sum(size), %s::bigint, %s::bigint FROM change
    GROUP BY owner_id ORDER BY owner_id"""
RECORD = f"""WITH change AS (
        SELECT *
        FROM unnest(%s::uuid[], %s::text[], %s::uuid[], %s::int[], %s::text[], %s::text[], %s::int[], %s::int[])
        WITH ORDINALITY AS change (owner_id, resource, resource_id, version, kind, changes, rows, size, place)
    ), counted AS ({COUNT.format(source=OF_OWNERS)})
    {INSERT} SELECT owner_id, last - count(*) OVER owners + row_number() OVER (owners ORDER BY place),
        resource, resource_id, version, kind, %s, %s, %s, changes::jsonb
    FROM change JOIN counted USING (owner_id) WINDOW owners AS (PARTITION BY owner_id)"""  # noqa: S608
# To be part of a statement that begins `WITH caller AS` and inserts the first version of a row
OF_CALLER = "SELECT user_id, 1, %s::bigint, %s::bigint, %s::bigint, %s::bigint FROM caller"
RECORD_CREATED = f""", counted AS ({COUNT.format(source=OF_CALLER)}), recorded AS (
    {INSERT} SELECT owner_id, last, %s, %s, 1, 'created', username, 'api', %s, '{{}}' FROM counted, caller)"""  # noqa: S608


class EventQuerySet(models.QuerySet["Event"]):
    def of(self, row: "Versioned") -> "EventQuerySet":
        return self.filter(resource_id=row.pk, resource=row.resource, owner=row.owned_by)

    def changed_fields(self, row: "Versioned", since: int) -> list[str] | None:
        """The fields that differ from that version on. None when not all events since then are known."""
        found = self.of(row).filter(version__gt=since).order_by("version")[:MOST_VERSIONS]
        changes = list(found.values_list("changes", flat=True))
        return sorted({name for change in changes for name in change}) if len(changes) == row.version - since else None

    def record(self, changes: Sequence[Change], actor: Actor) -> None:
        """Every write of an owned row calls this, once, as the last statement of its transaction.

        Last, because it locks the owners' sequences until the commit: other writes of theirs wait meanwhile.
        """
        if not changes:
            return
        columns = zip(
            *(
                (c.owner_id, c.resource, c.resource_id, c.version, c.kind, to_json(c.changes).decode(), c.rows, c.size)
                for c in changes
            ),
            strict=True,
        )
        # Quotas are for users: staff, imports and demo data are not held to them
        quotas = [settings.QUOTA_TASKS, settings.QUOTA_BYTES] if actor.via == Via.API else [None, None]
        with connection.cursor() as cursor:
            cursor.execute(RECORD, [*map(list, columns), *quotas, actor.name, actor.via, request_id.get()])

    def rows(
        self, caller: Caller, where: Mapping[str, Any], position: Sequence[str] = (), skip: int = 0, count: int = 1
    ) -> list[dict[str, Any]]:
        """Up to `count` events of the caller as clients see them, newest first, after `position` (version)."""
        found = rows_in_order(caller, "event", COLUMNS, where, ORDER, position, skip, count)
        for row in found:
            row["changes"] = json.loads(row["changes"])  # Django leaves it to its fields to decode JSON
        return found


@owned("events", "number", "resource", "resource_id", "version", "kind", "via", "created_at", "changes")
class Event(models.Model):
    """The number counts all events of the owner, in the order of their commits and without gaps."""

    pk = models.CompositePrimaryKey("owner_id", "number")
    # No index of its own: the primary key begins with the owner
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="events", db_index=False)
    number = models.BigIntegerField()
    resource = models.CharField(max_length=20)
    resource_id = models.UUIDField()
    version = models.PositiveIntegerField()
    kind = models.CharField(max_length=20, choices=Kind)
    actor = models.CharField(max_length=LONGEST_ACTOR, blank=True)  # the username at that time: it outlives the user
    via = models.CharField(max_length=20, choices=Via)
    request_id = models.CharField(max_length=128)  # "-" outside of requests
    created_at = models.DateTimeField(db_default=Now())
    changes = models.JSONField(default=dict)  # {"title": {"old": …, "new": …}}

    objects = EventQuerySet.as_manager()

    class Meta:
        db_table = "event"
        constraints = [
            # One event for each version. It also finds those of one resource, newest first
            models.UniqueConstraint(fields=["resource_id", "version", "resource"], name=EVENT_KEY),
        ]
        indexes = [
            # Pruning. It hardly costs an insert anything: rows are appended in order of time
            models.Index(fields=["created_at"], name="event_created_at_idx"),
        ]

    def __str__(self) -> str:
        return f"{self.resource} {self.resource_id}: version {self.version} {self.kind}"


class EventSequence(models.Model):
    """How many events an owner has had, and what the owner uses. Locked by whoever records one, until the commit."""

    owner = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, primary_key=True, related_name="+")
    last = models.BigIntegerField()
    tasks = models.BigIntegerField(default=0, db_default=0)
    bytes = models.BigIntegerField(default=0, db_default=0)  # of their text
    most_tasks = models.BigIntegerField(null=True)  # the quotas at the latest write; null for none
    most_bytes = models.BigIntegerField(null=True)

    class Meta:
        db_table = "event_sequence"
        constraints = [
            models.CheckConstraint(
                name="event_sequence_quota_of_tasks", condition=models.Q(tasks__lte=models.F("most_tasks"))
            ),
            models.CheckConstraint(
                name="event_sequence_quota_of_bytes", condition=models.Q(bytes__lte=models.F("most_bytes"))
            ),
        ]

    def __str__(self) -> str:
        return str(self.last)


class Versioned(models.Model):
    """A resource that clients change. Each change makes a version and an event."""

    version = models.PositiveIntegerField(default=1, db_default=1, editable=False)

    resource: ClassVar[str]  # its name in events
    owner_field: ClassVar[str] = "owner_id"
    recorded: ClassVar[tuple[str, ...]]  # the fields whose changes make a version
    derived: ClassVar[tuple[str, ...]] = ()  # fields that follow() sets
    sized: ClassVar[tuple[str, ...]] = ()  # text that counts towards a quota
    overhead: ClassVar[int] = 0  # bytes that each row counts beside its text
    counted: ClassVar[bool] = False  # whether each row counts towards the quota of tasks
    refusals: ClassVar[Mapping[str, type[Problem]]] = {}  # what a constraint means to the client

    class Meta:
        abstract = True

    @property
    def owned_by(self) -> Any:
        """The id of the user whose data this is."""
        return getattr(self, self.owner_field)

    @property
    def size(self) -> int:
        """Bytes of text that count towards a quota."""
        return self.overhead + sum(len(getattr(self, name).encode()) for name in self.sized)

    def follow(self) -> None:
        """Sets the derived fields, before a change is written."""

    @classmethod
    def refusal(cls, error: IntegrityError) -> Problem | None:
        """What a constraint that refuses a row means to the client; None for others."""
        name = violated_constraint(error)
        if name in (f"{cls._meta.db_table}_pkey", EVENT_KEY):
            return IdConflict()
        return cls.refusals[name]() if name and name in cls.refusals else None

    def insert(self, caller: Caller, chosen: bool) -> tuple[str, int]:
        """Inserts it as a row of the caller. Returns the caller's username and version.

        Raises IdConflict for an id that is or was in use, if the client has `chosen` it, and what `refusals` and
        taskhub.postgresql.statements.insert() say.
        """
        if chosen and Event.objects.filter(resource_id=self.pk).exists():
            raise IdConflict
        quotas = [int(self.counted), self.size, settings.QUOTA_TASKS, settings.QUOTA_BYTES]
        try:
            return insert(caller, self, RECORD_CREATED, [*quotas, self.resource, self.pk, request_id.get()])
        except IntegrityError as error:
            known = self.refusal(error)
            caller.checked = known is not None or violated_constraint(error) in QUOTAS  # there was a row to refuse
            if known:
                raise known from error
            raise

    def apply(self, **fields: Any) -> Change | None:
        """Makes `self` the next version, if any field that is recorded differs. Writes nothing."""
        changes = {
            name: {"old": shortened(getattr(self, name)), "new": shortened(fields[name])}
            for name in self.recorded
            if name in fields and fields[name] != getattr(self, name)
        }
        if not changes:
            return None
        before = self.size
        for name, value in fields.items():
            setattr(self, name, value)
        self.follow()
        self.version += 1
        return self.event(Kind.UPDATED, changes, size=self.size - before)

    def change(self, actor: Actor, also: Sequence[Change] = (), **fields: Any) -> bool:
        """Writes `fields` as the next version, if any that is recorded differs. Returns whether that was so.

        `also` is what happened to other rows in this transaction. Raises Conflict when the row is not the version that
        `self` is: the caller holds its lock, or lets it through. Raises what `refusals` say.
        """
        present = self.present
        event = self.apply(**fields)
        if event is None:
            Event.objects.record(also, actor)
            return False
        written = {name: getattr(self, name) for name in (*fields, *self.derived, "version")}
        try:
            if not present.update(**written):
                raise Conflict("It was changed meanwhile. Read it again.")
            Event.objects.record([*also, event], actor)
        except IntegrityError as error:
            if known := self.refusal(error):
                raise known from error
            raise
        return True

    def remove(self, actor: Actor) -> None:
        """Deletes the row. Raises Conflict when it is not the version that `self` is."""
        if not self.present.delete()[0]:
            raise Conflict("It was changed meanwhile. Read it again.")
        Event.objects.record([self.removal()], actor)

    @property
    def present(self) -> models.QuerySet[Any]:
        """The row, while it is the version that `self` is."""
        row = {"pk": self.pk, "version": self.version, self.owner_field: self.owned_by}
        return type(self)._base_manager.filter(**row)

    def event(self, kind: Kind, changes: Mapping[str, Any] | None = None, size: int | None = None) -> Change:
        """`size` is how many bytes of text it adds; those of the row, unless it is an update."""
        new = kind in (Kind.CREATED, Kind.RESTORED)
        grown = (self.size if new else 0) if size is None else size
        rows = 1 if new and self.counted else 0
        return Change(self.owned_by, self.resource, self.pk, self.version, kind, changes or {}, rows, grown)

    def removal(self) -> Change:
        """The last event, which keeps what the row held."""
        lost = {name: {"old": shortened(getattr(self, name)), "new": None} for name in self.recorded}
        version, rows = self.version + 1, -1 if self.counted else 0
        return Change(self.owned_by, self.resource, self.pk, version, Kind.DELETED, lost, rows, -self.size)


def shortened(value: Any) -> Any:
    if isinstance(value, str) and len(value) > LONGEST_VALUE:
        return f"{value[:LONGEST_VALUE]}…"
    return value
