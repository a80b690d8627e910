"""Checks each file by itself: its columns, and then its cells."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from difflib import get_close_matches

from tickets.spreadsheets.entities import Entity, File, Problem
from tickets.spreadsheets.reading import LONGEST_CELL, SPREADSHEET_ERRORS
from tickets.spreadsheets.types import Column, squeezed

MACHINE_NAME, STYLE_NAME = re.compile(r"[a-z][a-z0-9_]*"), re.compile(r"[a-z0-9_][a-z0-9_.-]*")
NUMBER, PATH = re.compile(r"-?\d+(?:[.,]\d+)?"), re.compile(r"[A-Za-z0-9/_-]*")
MOST_SUGGESTIONS = 10


def schema(file: File) -> Iterator[Problem]:
    for column in file.kind.columns:
        if column.required and column.name not in file.places:
            likely = tuple(name for name, _ in file.others())
            wanted = column.headers[0]
            close = get_close_matches(wanted, likely, MOST_SUGGESTIONS, 0.5)
            message = f"The column {wanted} is missing."
            yield Problem("schema", "missing_column", message, column=wanted, suggestions=tuple(close))
    for header, times in Counter(squeezed(header) for header in file.headers if header).items():
        if times > 1:
            name = next(one for one in file.headers if squeezed(one) == header)
            message = f"{times} columns are named {name}; the first is read."
            yield Problem("schema", "repeated_column", message, "warning", column=name)


def content(entity: Entity) -> Iterator[Problem]:
    for column in entity.file.kind.columns:
        if column.name not in entity.file.places:
            continue
        value, header = entity.values.get(column.name, ""), entity.file.header(column.name)
        if not value:
            if column.required:
                yield Problem("content", "missing_value", f"{header} is empty.", row=entity.row, column=header)
        elif problem := wrong(value, header, entity.row) or misfit(column, value, header, entity.row):
            yield problem
    for header, value in entity.more.items():
        if problem := wrong(value, header, entity.row):
            yield problem


def wrong(value: str, header: str, row: int) -> Problem | None:
    """What no cell may be."""
    if value in SPREADSHEET_ERRORS:
        message = f"{header} holds the spreadsheet error {value}. Repair its formula, and export the sheet again."
        return Problem("content", "spreadsheet_error", message, row=row, column=header, value=value)
    if len(value) > LONGEST_CELL:
        message = f"{header} holds {len(value):,} characters; up to {LONGEST_CELL:,} are read."
        return Problem("content", "cell_too_long", message, row=row, column=header, value=value[:100])
    return None


def misfit(column: Column, value: str, header: str, row: int) -> Problem | None:
    """What its rule does not allow."""
    code, fits, told, suggest = RULES[column.rule]
    if fits(column, value):
        return None
    suggestions = tuple(suggest(column, value)[:MOST_SUGGESTIONS])
    return Problem("content", code, f"{header} {told}", "blocking", row, header, value, suggestions)


def names(column: Column, value: str) -> list[str]:
    made = re.sub(r"^[^a-z]+", "", squeezed(value).replace(" ", "_"))
    return [made] if MACHINE_NAME.fullmatch(made) else []


def digits(column: Column, value: str) -> list[str]:
    return NUMBER.findall(value)[:1]


def choices(column: Column, value: str) -> list[str]:
    by_word = column.choices_by_word
    close = [by_word[word] for word in get_close_matches(squeezed(value), by_word, MOST_SUGGESTIONS, 0.5)]
    return close or list(column.choices)


def chosen(column: Column, value: str) -> bool:
    return squeezed(value) in column.choices_by_word


def matching(pattern: re.Pattern[str], *also: str) -> Callable[[Column, str], bool]:
    return lambda column, value: value in also or pattern.fullmatch(value) is not None


def nothing(column: Column, value: str) -> list[str]:
    return []


A_NAME = "must begin with a lower-case letter, and hold lower-case letters, digits and underscores only."
Rule = tuple[str, Callable[[Column, str], bool], str, Callable[[Column, str], list[str]]]
RULES: dict[str, Rule] = {
    "text": ("invalid_value", lambda column, value: True, "", nothing),
    "machine_name": ("invalid_machine_name", matching(MACHINE_NAME), A_NAME, names),
    "machine_name_or_dash": ("invalid_machine_name", matching(MACHINE_NAME, "-"), A_NAME, names),
    "style_name": (
        "invalid_machine_name",
        matching(STYLE_NAME),
        "may hold lower-case letters, digits, underscores, hyphens and dots only.",
        names,
    ),
    "number": ("invalid_number", matching(NUMBER), "must be a number.", digits),
    "path": (
        "invalid_path",
        matching(PATH),
        "may hold letters, digits, slashes, underscores and hyphens only.",
        nothing,
    ),
    "choice": ("invalid_value", chosen, "is none of the values that it may have.", choices),
}


def duplicates(file: File) -> Iterator[Problem]:
    """Rows that are about what another row is about already. To be looked at when references are known."""
    first: dict[str, int] = {}
    for entity in file.entities:
        before = first.setdefault(entity.key, entity.row)
        if before != entity.row:
            columns = ", ".join(file.header(name) for name in file.kind.identity if name in file.places)
            message = f"The row is about the same as row {before}: {columns} are equal."
            yield Problem("content", "duplicate", message, row=entity.row, column=columns, value=entity.name)
