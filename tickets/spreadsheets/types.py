"""The types of spreadsheet, read from types/*.toml: a table each, which a person can edit."""

import re
import tomllib
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).with_name("types")
RULES = ("text", "machine_name", "machine_name_or_dash", "style_name", "number", "choice", "path")
# In the order in which they are worked on: what others refer to comes first
ORDER = (
    *("bundles", "fields", "view_modes", "image_styles", "responsive_image_styles", "views", "view_displays"),
    *("migrations", "migration_mappings", "workflows", "workflow_states", "workflow_transitions", "user_roles"),
    "custom",
)


def squeezed(text: str) -> str:
    """As headers, names and choices are compared: without regard to case, spaces and punctuation."""
    return re.sub(r"[\W_]+", " ", text.casefold()).strip()


@dataclass(frozen=True)
class Column:
    """`required`: the file has it, and each row a value in it."""

    name: str
    headers: tuple[str, ...]
    required: bool = False
    rule: str = "text"
    choices: tuple[str, ...] = ()

    @cached_property
    def choices_by_word(self) -> dict[str, str]:
        """As they are compared. Looked at for each cell."""
        return {squeezed(choice): choice for choice in self.choices}


@dataclass(frozen=True)
class Reference:
    """A value of one of `columns`, the first that can be found, names an entity of the type `to`.

    `several`: a list with commas. `empty`: it may be. `anything`: words that stand for whatever there is. `within`: the
    entity found has the same value in that column.
    """

    kind: str
    columns: tuple[str, ...]
    to: str
    several: bool = False
    empty: bool = False
    anything: tuple[str, ...] = ()
    within: str = ""
    severity: str = "blocking"


@dataclass(frozen=True)
class CsvType:
    """`identity` are the columns that together tell one entity from another."""

    key: str
    label: str
    group: str
    file_names: tuple[str, ...]
    identity: tuple[str, ...]
    columns: tuple[Column, ...]
    references: tuple[Reference, ...] = field(default=())

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)

    def places(self, headers: tuple[str, ...]) -> dict[str, int]:
        """Which column of a file is which of these. Of several spellings, the one that is listed first here."""
        known = [squeezed(header) for header in headers]
        found: dict[str, int] = {}
        for column in self.columns:
            for spelling in (*map(squeezed, column.headers), squeezed(column.name)):
                if spelling in known and known.index(spelling) not in found.values():
                    found[column.name] = known.index(spelling)
                    break
        return found


@cache
def csv_types() -> dict[str, CsvType]:
    """By key, in ORDER. Raises ValueError for a table that cannot work."""
    return {key: read(key, tomllib.loads((FOLDER / f"{key}.toml").read_text(encoding="utf-8"))) for key in ORDER}


def read(key: str, table: dict[str, Any]) -> CsvType:
    columns = tuple(Column(**tuples(column)) for column in table.pop("columns"))
    references = tuple(Reference(**tuples(one)) for one in table.pop("references", []))
    made = CsvType(key=key, columns=columns, references=references, **tuples(table))
    names = {column.name for column in columns}
    named = {*made.identity, *(name for one in references for name in (*one.columns, *filter(None, [one.within])))}
    for why, is_so in (
        (f"it names columns that it does not have: {named - names}", named - names),
        ("a rule is unknown", {column.rule for column in columns} - {*RULES}),
        ("a choice has nothing to choose from", any((c.rule == "choice") != bool(c.choices) for c in columns)),
        ("a reference leads to no type", {one.to for one in references} - {*ORDER}),
    ):
        if is_so:
            raise ValueError(f"{key}.toml cannot work: {why}.")
    return made


def tuples(table: dict[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in table.items()}
