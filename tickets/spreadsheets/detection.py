"""Which type a file is of: by its name, and by its headers."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from tickets.spreadsheets.types import CsvType, csv_types, squeezed

BY_NAME, BY_HEADERS = 0.3, 0.7  # of the confidence
ALIKE = 0.08  # two that differ by less cannot be told apart
ENOUGH = 0.7  # below, the file is taken for "custom"
LEVELS = ((0.9, "high"), (ENOUGH, "medium"), (0.4, "low"), (0.0, "unknown"))


def detect(name: str, headers: Sequence[str]) -> tuple[str, float]:
    """The key of the likeliest type and how sure that is, from 0 to 1. "custom" when none is likely enough."""
    scores = {key: score(known, name, headers) for key, known in csv_types().items()}
    best = max(scores, key=lambda key: scores[key])
    alike = sum(scores[best] - other < ALIKE for other in scores.values())
    confidence = round(scores[best] / alike, 2)
    return (best if confidence >= ENOUGH else "custom"), confidence


def level(confidence: float) -> str:
    return next(name for least, name in LEVELS if confidence >= least)


def score(known: CsvType, name: str, headers: Sequence[str]) -> float:
    by_name, by_headers = of_name(known, name), of_headers(known, headers)
    if not by_name and not names_any(name):  # a name that says nothing says nothing against it either
        return by_headers
    return BY_NAME * by_name + BY_HEADERS * by_headers


def of_name(known: CsvType, name: str) -> float:
    """1 if no other type has a longer word for what the name says, 0 if it says nothing of this one."""
    return float(
        longest(known, words_of(name)) == max(longest(one, words_of(name)) for one in csv_types().values()) > 0
    )


def names_any(name: str) -> bool:
    return any(longest(one, words_of(name)) for one in csv_types().values())


def longest(known: CsvType, words: str) -> int:
    return max((len(one.replace(" ", "")) for one in known.file_names if one.replace(" ", "") in words), default=0)


def words_of(name: str) -> str:
    """`SITE_ViewDisplays (2).csv` is `siteviewdisplays2`."""
    return re.sub(r"\W", "", squeezed(PurePath(name).stem).replace(" ", ""))


def of_headers(known: CsvType, headers: Sequence[str]) -> float:
    """How many of the required columns are there, and how many of the headers are known."""
    found = known.places(tuple(headers))
    required = [column.name for column in known.columns if column.required]
    there = [header for header in headers if header and squeezed(header) not in ("x", "dev", "qa", "id")]
    have = sum(name in found for name in required) / len(required)
    fit = len(found) / max(len(there), 1)
    return have * (0.6 + 0.4 * min(fit, 1))
