"""Spreadsheets in, and lists of findings out, as CSV."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import IO, Any

from rest_framework import parsers

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a cell begins that spreadsheets take for a formula


class CsvParser(parsers.BaseParser):
    """The body as it is: its encoding is found out by who reads it."""

    media_type = "text/csv"

    def parse(self, stream: IO[bytes], media_type: str | None = None, parser_context: Any = None) -> Any:
        return stream.read()


def safe(cell: Any) -> str:
    """A cell that no spreadsheet runs (OWASP, CSV injection)."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(FORMULA) else text


def written(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    """Line by line. With a byte order mark, without which spreadsheets take UTF-8 for something else."""
    out = io.StringIO("\ufeff")
    out.seek(0, io.SEEK_END)
    writer = csv.writer(out)
    for row in chain([header], rows):
        writer.writerow([safe(cell) for cell in row])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
