"""What becomes one ticket: an entity with what belongs to it, or each by itself."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from tickets.models.plan import Granularity
from tickets.spreadsheets.entities import Entity, File
from tickets.spreadsheets.types import ORDER, csv_types

# In the order in which they are worked on
GROUPS = ("Content", "Media", "Views", "Migration", "Workflow", "User Roles", "Custom")
# What is a part of another ticket, and the column of it that says of which
PARTS = {
    "fields": "bundle_machine_name",
    "view_displays": "view_id",
    "workflow_states": "workflow",
    "workflow_transitions": "workflow",
    "migration_mappings": "migration",
}
# A style for screens of more pixels, or for browsers without WebP, is a variant of the one without these endings
VARIANT = re.compile(r"(?:[_-](?:1[._]5x|[123]x|no_?webp|non_?webp|webp|fallback))+$", re.IGNORECASE)
LONGEST_KEY = 300


@dataclass(slots=True)
class Subject:
    """`entity` is what the ticket is about, `parts` what belongs to it."""

    key: str
    entity: Entity
    parts: list[Entity] = field(default_factory=list)

    @property
    def kind(self) -> str:
        return self.entity.kind

    @property
    def group(self) -> str:
        return csv_types()[self.kind].group

    @property
    def place(self) -> tuple[int, int, str]:
        """By which tickets are ordered where nothing else says how."""
        return GROUPS.index(self.group), ORDER.index(self.kind), self.key

    @property
    def entities(self) -> list[Entity]:
        return [self.entity, *self.parts]

    def of_kind(self, kind: str) -> list[Entity]:
        return [part for part in self.parts if part.kind == kind]

    @property
    def sources(self) -> list[dict[str, object]]:
        """The files and rows that it comes from."""
        rows: dict[str, list[int]] = {}
        for entity in self.entities:
            rows.setdefault(entity.file.name, []).append(entity.row)
        return [{"file": name, "rows": sorted(found)} for name, found in sorted(rows.items())]


def subjects(files: Iterable[File], granularity: str) -> list[Subject]:
    """In the order of their places, whatever the order of files and rows."""
    entities = sorted((entity for file in files for entity in file.entities), key=lambda one: one.key)
    whole = granularity == Granularity.ENTITY
    owners = {id(entity): owner_of(entity) if whole else entity for entity in entities}
    made: dict[int, Subject] = {}
    for entity in owned_last(entities):
        owner = owners[id(entity)]
        if owner is entity:
            made[id(entity)] = Subject(bounded(entity.key), entity)
        else:
            made[id(owner)].parts.append(entity)
    families = join_variants(made.values()) if whole else list(made.values())
    return sorted(families, key=lambda subject: subject.place)


def owned_last(entities: Sequence[Entity]) -> list[Entity]:
    return sorted(entities, key=lambda entity: entity.kind in PARTS)


def owner_of(entity: Entity) -> Entity:
    """Itself, if it is a part of nothing that there is."""
    found = entity.found.get(PARTS.get(entity.kind, ""), (entity,))
    return found[0]


def join_variants(made: Iterable[Subject]) -> list[Subject]:
    """Image styles of one family become one subject, that of the shortest name."""
    families: dict[str, list[Subject]] = {}
    others = []
    for subject in made:
        if subject.kind == "image_styles":
            families.setdefault(VARIANT.sub("", subject.entity.machine_name), []).append(subject)
        else:
            others.append(subject)
    for family in families.values():
        first, *rest = sorted(family, key=lambda one: (len(one.entity.machine_name), one.key))
        first.parts += [one.entity for one in rest]
        others.append(first)
    return others


def bounded(key: str) -> str:
    if len(key) <= LONGEST_KEY:
        return key
    return f"{key[: LONGEST_KEY - 65]}:{hashlib.sha256(key.encode()).hexdigest()}"
