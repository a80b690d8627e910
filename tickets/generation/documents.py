"""The title and the text of a ticket. Its configuration is built from the cells alone."""

from collections.abc import Iterator

from tickets.generation.generators import Generator
from tickets.generation.markdown import code, plain, table
from tickets.generation.subjects import PARTS, Subject
from tickets.models.ticket import LONGEST_TEXT, LONGEST_TITLE
from tickets.spreadsheets.entities import Entity
from tickets.spreadsheets.types import csv_types

TITLES = {
    "bundles": "{type}: {name}",
    "fields": "Field: {name} ({of})",
    "view_modes": "View mode: {name}",
    "image_styles": "Image style: {name}",
    "responsive_image_styles": "Responsive image style: {name}",
    "views": "View: {name}",
    "view_displays": "View display: {name} ({of})",
    "migrations": "Migration: {name}",
    "migration_mappings": "Migration mapping: {name} ({of})",
    "workflows": "Workflow: {name}",
    "workflow_states": "Workflow state: {name} ({of})",
    "workflow_transitions": "Workflow transition: {name} ({of})",
    "user_roles": "User role: {name}",
    "custom": "{type}: {name}",
}
CUT = "\n\n*It was too long, and is cut here. The spreadsheets have the rest.*"
AS_CODE = ("machine_name", "bundle_machine_name", "view_id", "fallback_machine_name", "url_pattern", "path")


def title(subject: Subject) -> str:
    """Plain text in one line."""
    entity = subject.entity
    of = entity.found.get(PARTS.get(subject.kind, ""), [])
    kind = entity.values.get("type") or {"bundles": "Content type"}.get(subject.kind, "Entity")
    made = TITLES[subject.kind].format(type=kind, name=entity.name, of=of[0].name if of else "")
    line = " ".join(made.split())
    return line if len(line) <= LONGEST_TITLE else f"{line[: LONGEST_TITLE - 1]}…"


def description(subject: Subject, generator: Generator) -> str:
    """Markdown. The same for the same cells, whatever the order of files and rows."""
    text = generator.write(subject)
    sections = [
        text.story,
        f"## Configuration\n\n{configuration(subject.entity)}",
        *parts(subject),
        "\n".join(["## Done when", "", *(f"- [ ] {one}" for one in text.criteria)]),
    ]
    whole = "\n\n".join(sections)
    return whole if len(whole) <= LONGEST_TEXT else whole[: LONGEST_TEXT - len(CUT)].rpartition("\n")[0] + CUT


def configuration(entity: Entity) -> str:
    return table(("Setting", "Value"), ([plain(name), value] for name, value in settings(entity)))


def settings(entity: Entity) -> Iterator[tuple[str, str]]:
    """Each filled cell: what the type knows in its order, and then the others by their headers."""
    for column in entity.file.kind.columns:
        if value := entity.values.get(column.name):
            yield column.headers[0], code(value) if column.name in AS_CODE else plain(value)
    for header in sorted(entity.more):
        yield header, plain(entity.more[header])


def parts(subject: Subject) -> Iterator[str]:
    """A table for each type of what belongs to it: a row for each, and a column for each setting that one has."""
    kinds = dict.fromkeys(part.kind for part in subject.parts)
    for kind in sorted(kinds):
        rows = [dict(settings(part)) for part in subject.of_kind(kind)]
        known = [column.headers[0] for column in csv_types()[kind].columns]
        others = sorted({name for row in rows for name in row} - {*known})
        titles = [*known, *others]
        body = table([plain(name) for name in titles], ([row.get(name, "") for name in titles] for row in rows))
        yield f"## {csv_types()[kind].label}\n\n{body}"
