"""What the rows of the files are about, and what is wrong with them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from tickets.spreadsheets.reading import BOOKKEEPING, Row
from tickets.spreadsheets.types import CsvType, squeezed

NOTHING: Mapping[str, Any] = {}
SEVERITIES = ("blocking", "warning", "info")
PHASES = ("schema", "content", "references")  # in which the check goes on


@dataclass(frozen=True)
class Problem:
    """One thing that a person should look at. `row` counts as a spreadsheet does: the header is 1."""

    phase: str
    code: str
    message: str
    severity: str = "blocking"
    row: int | None = None
    column: str = ""  # as the file spells it
    value: str = ""
    suggestions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Declared:
    """A person says: values of the column `column` name entities of the file `to`."""

    column: str
    to: Any


@dataclass(eq=False)
class File:
    """A file as it was read. `id` tells it from the others; `problems` grow while it is checked."""

    id: Any
    name: str
    kind: CsvType
    headers: Sequence[str]
    rows: Sequence[Row]
    declared: Sequence[Declared] = ()
    problems: list[Problem] = field(default_factory=list)
    entities: list["Entity"] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.places: Mapping[str, int] = self.kind.places(tuple(self.headers))

    def header(self, column: str) -> str:
        """How the file spells a column; the first spelling of its type, if it does not have it."""
        place = self.places.get(column)
        return self.kind.column(column).headers[0] if place is None else self.headers[place]

    def others(self) -> Iterator[tuple[str, int]]:
        """Columns that the type does not know, and where they are."""
        known = set(self.places.values())
        for place, header in enumerate(self.headers):
            if header and place not in known and squeezed(header) not in BOOKKEEPING:
                yield header, place


@dataclass(slots=True, eq=False)
class Entity:
    """What one row is about. `values` by column of its type, `more` by header; empty cells are in neither.

    There are as many as rows, so what few have is made when it is needed.
    """

    file: File
    row: int
    values: Mapping[str, str]
    more: Mapping[str, str]
    needs: Sequence["Entity"] = ()  # what it refers to, once that was looked for
    declared: Sequence["Entity"] = ()  # likewise, because a person has said so
    found: Mapping[str, Sequence["Entity"]] = field(default_factory=lambda: NOTHING)  # by the columns that say so

    def need(self, column: str, other: "Entity") -> None:
        self.needs = (*self.needs, other)
        self.found = {**self.found, column: (*self.found.get(column, ()), other)}

    def cell(self, header: str) -> str:
        """Of a column, as the file spells it."""
        known = next((name for name, place in self.file.places.items() if self.file.headers[place] == header), None)
        return (self.values.get(known) if known else self.more.get(header)) or ""

    @property
    def kind(self) -> str:
        return self.file.kind.key

    @property
    def needed(self) -> Iterator[tuple["Entity", str]]:
        """What has to be there before it, and who says so."""
        yield from ((one, "inferred") for one in self.needs)
        yield from ((one, "declared") for one in self.declared)

    @property
    def name(self) -> str:
        for column in ("name", "label", "title", "machine_name", "destination_field"):
            if value := self.values.get(column):
                return value
        return f"row {self.row}"

    @property
    def machine_name(self) -> str:
        value = self.values.get("machine_name", "")
        return "" if value == "-" else value

    @property
    def key(self) -> str:
        """The same for two rows that are about the same, in whatever order the files and rows come."""
        return f"{self.kind}:" + "/".join(quote(self.found_or_said(name).casefold(), " _") for name in self.identity)

    @property
    def identity(self) -> tuple[str, ...]:
        return self.file.kind.identity

    @property
    def said(self) -> tuple[str, ...]:
        """Its identity as its cells have it: the same in whatever order files and rows come."""
        return tuple(self.values.get(name, "") for name in self.identity)

    def found_or_said(self, column: str) -> str:
        """A reference counts as what it leads to, however it is spelled."""
        of = next((one for one in self.file.kind.references if column in one.columns), None)
        if of and (found := self.found.get(of.columns[0])):
            return found[0].key
        return self.values.get(column, "")


def entities_of(file: File) -> list[Entity]:
    """Takes the rows of the file, which are not needed any more."""
    others = list(file.others())
    made = []
    for row in file.rows:
        values = {name: row.cells[place] for name, place in file.places.items() if row.cells[place]}
        more = {header: row.cells[place] for header, place in others if row.cells[place]}
        made.append(Entity(file, row.number, values, more or NOTHING))
    file.rows = ()
    return made
