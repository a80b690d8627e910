"""Finds what the values of one file name in another."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches
from functools import cache
from typing import Any

from tickets.spreadsheets.content import MOST_SUGGESTIONS
from tickets.spreadsheets.entities import Entity, File, Problem
from tickets.spreadsheets.reading import SPREADSHEET_ERRORS
from tickets.spreadsheets.types import ORDER, Reference, csv_types, squeezed

MOST_COMPARED = 2000  # names that suggestions are chosen from by likeness


class Names:
    """Entities by what they may be called: machine name, name, or `Name (Type)`."""

    def __init__(self, entities: Iterable[Entity]) -> None:
        self.exact: dict[str, list[Entity]] = defaultdict(list)
        self.alike: dict[str, list[Entity]] = defaultdict(list)
        for entity in entities:
            for name in dict.fromkeys(names_of(entity)):
                self.exact[name].append(entity)
                if entity not in self.alike[squeezed(name)][-1:]:
                    self.alike[squeezed(name)].append(entity)
        self.suggestions = cache(self.suggest)

    def find(self, value: str) -> Sequence[Entity]:
        """Those that are called so; if none is, those that are but for case and punctuation."""
        return self.exact.get(value) or self.alike.get(squeezed(value)) or ()

    def suggest(self, value: str) -> tuple[str, ...]:
        """Up to ten, those that are most like it first."""
        known = sorted({entities[0].machine_name or entities[0].name for entities in self.exact.values()})
        close = get_close_matches(value, known, MOST_SUGGESTIONS, 0.5) if len(known) <= MOST_COMPARED else []
        return tuple(dict.fromkeys([*close, *known[: MOST_SUGGESTIONS * 2]]))[:MOST_SUGGESTIONS]


def names_of(entity: Entity) -> Iterator[str]:
    if entity.machine_name:
        yield entity.machine_name
    yield entity.name
    if kind := entity.values.get("type"):
        yield f"{entity.name} ({kind})"


class Resolver:
    """Over all files of a plan."""

    def __init__(self, files: Sequence[File]) -> None:
        self.files = {file.id: file for file in files}
        self.by_type: dict[str, Names] = {}
        self.by_file: dict[Any, Names] = {}

    def of_type(self, key: str) -> Names:
        if key not in self.by_type:
            found = (entity for file in self.files.values() if file.kind.key == key for entity in file.entities)
            self.by_type[key] = Names(found)
        return self.by_type[key]

    def of_file(self, file_id: Any) -> Names:
        if file_id not in self.by_file:
            self.by_file[file_id] = Names(self.files[file_id].entities)
        return self.by_file[file_id]

    def resolve(self) -> None:
        """Fills in what each entity needs, and notes what cannot be found. Types that others refer to come first."""
        for file in sorted(self.files.values(), key=lambda file: ORDER.index(file.kind.key)):
            for reference in file.kind.references:
                self.resolve_all(file, reference)
            for declared in file.declared:
                self.resolve_declared(file, declared.column, declared.to)

    def resolve_all(self, file: File, reference: Reference) -> None:
        if not any(column in file.places for column in reference.columns):
            return
        if not any(other.kind.key == reference.to for other in self.files.values()):
            used = any(entity.values.get(column) for entity in file.entities for column in reference.columns)
            if used:
                file.problems.append(missing_file(file, reference))
            return
        names = self.of_type(reference.to)
        for entity in file.entities:
            file.problems += look_up(entity, reference, names)

    def resolve_declared(self, file: File, column: str, to: Any) -> None:
        place = next((n for n, header in enumerate(file.headers) if squeezed(header) == squeezed(column)), None)
        if to not in self.files or place is None:
            message = f"The declared reference of the column {column} leads nowhere: the file or the column is gone."
            file.problems.append(Problem("references", "declared_reference", message, column=column))
            return
        names = self.of_file(to)
        for entity in file.entities:
            value = entity.cell(file.headers[place])
            if value and value not in SPREADSHEET_ERRORS:
                if found := names.find(value):
                    entity.declared = (*entity.declared, first_of(found))
                else:
                    file.problems.append(missing(entity, file.headers[place], value, names))


def missing_file(file: File, reference: Reference) -> Problem:
    label, header = csv_types()[reference.to].label, file.header(reference.columns[-1])
    severity = "warning" if reference.empty or reference.severity != "blocking" else "blocking"
    message = f"{header} refers to {label}, and the plan has no such file."
    return Problem("references", "missing_file", message, severity, column=header)


def look_up(entity: Entity, reference: Reference, names: Names) -> Iterator[Problem]:
    said = [(column, entity.values[column]) for column in reference.columns if entity.values.get(column)]
    if any(value in SPREADSHEET_ERRORS for _, value in said):
        return  # told already
    if not said:
        if not reference.empty and reference.columns[-1] in entity.file.places:
            header = entity.file.header(reference.columns[0])
            message = f"{header} is empty, and nothing else says what the row belongs to."
            yield missing(entity, header, "", names, message=message)
        return
    if reference.several:
        yield from look_up_several(entity, reference, *said[0], names)
        return
    for column, value in said:
        if found := narrowed(entity, reference, names.find(value)):
            yield from note(entity, reference, column, value, found, exact=value in names.exact)
            return
    column, value = said[0]
    yield missing(entity, entity.file.header(column), value, names, reference.severity)


def look_up_several(entity: Entity, reference: Reference, column: str, value: str, names: Names) -> Iterator[Problem]:
    header = entity.file.header(column)
    for part in (part.strip() for part in value.split(",")):
        if not part or squeezed(part).split(" ")[0] in {squeezed(word) for word in reference.anything}:
            continue
        if found := names.find(part):
            entity.need(reference.columns[0], first_of(found))
        else:
            yield missing(entity, header, part, names, reference.severity)


def narrowed(entity: Entity, reference: Reference, found: Sequence[Entity]) -> Sequence[Entity]:
    """Those within the same, such as the states of the same workflow."""
    if not reference.within:
        return found
    inside = entity.found.get(reference.within)
    return [one for one in found if inside and one.found.get(reference.within, (None,))[0] is inside[0]]


def note(
    entity: Entity, reference: Reference, column: str, value: str, found: Sequence[Entity], exact: bool
) -> Iterator[Problem]:
    taken = first_of(found)
    entity.need(reference.columns[0], taken)
    header = entity.file.header(column)
    place: dict[str, Any] = {"row": entity.row, "column": header, "value": value}
    if not exact:
        real = taken.machine_name or taken.name
        message = f"{header} is spelled differently from {real}, which was taken."
        yield Problem("references", "spelled_differently", message, "warning", **place, suggestions=(real,))
    if len(found) > 1:
        rows = ", ".join(f"{one.file.name} row {one.row}" for one in found[:MOST_SUGGESTIONS])
        message = f"{header} may mean several: {rows}. The first was taken."
        yield Problem("references", "ambiguous_reference", message, "warning", **place)


def first_of(found: Sequence[Entity]) -> Entity:
    """The same one in whatever order files and rows come."""
    return min(found, key=lambda one: one.said)


def missing(
    entity: Entity, header: str, value: str, names: Names, severity: str = "blocking", message: str = ""
) -> Problem:
    message = message or f"{header} names nothing that there is: {value}."
    place: dict[str, Any] = {"row": entity.row, "column": header, "value": value}
    return Problem("references", "missing_reference", message, severity, **place, suggestions=names.suggestions(value))
