"""Which type a file is of: by its name, and by its headers."""

import re
from collections.abc import Sequence
from pathlib import PurePath

from tickets.spreadsheets.reading import BOOKKEEPING
from tickets.spreadsheets.types import CsvType, csv_types, squeezed

BY_NAME, BY_HEADERS = 0.3, 0.7  # of the confidence
ALIKE = 0.08  # two that differ by less cannot be told apart
ENOUGH = 0.7  # below, the file is taken for "custom"
LEVELS = ((0.9, "high"), (ENOUGH, "medium"), (0.4, "low"), (0.0, "unknown"))


def detect(name: str, headers: Sequence[str]) -> tuple[str, float]:
    """The key of the likeliest type and how sure that is, from 0 to 1. "custom" when none is likely enough."""
    words = words_of(name)
    said = {key: longest(known, words) for key, known in csv_types().items()}
    most = max(said.values())
    scores = {key: of_headers(known, headers) for key, known in csv_types().items()}
    if most:  # or the name says nothing, and nothing against a type either. Of several the longest counts
        scores = {key: BY_NAME * (said[key] == most) + BY_HEADERS * scores[key] for key in scores}
    best = max(scores, key=lambda key: scores[key])
    alike = sum(scores[best] - other < ALIKE for other in scores.values())
    confidence = round(scores[best] / alike, 2)
    return (best if confidence >= ENOUGH else "custom"), confidence


def level(confidence: float) -> str:
    return next(name for least, name in LEVELS if confidence >= least)


def longest(known: CsvType, words: str) -> int:
    return max((len(one.replace(" ", "")) for one in known.file_names if one.replace(" ", "") in words), default=0)


def words_of(name: str) -> str:
    """`SITE_ViewDisplays (2).csv` is `siteviewdisplays2`."""
    return re.sub(r"\W", "", squeezed(PurePath(name).stem).replace(" ", ""))


def of_headers(known: CsvType, headers: Sequence[str]) -> float:
    """How many of the required columns are there, and how many of the headers are known."""
    found = known.places(tuple(headers))
    required = [column.name for column in known.columns if column.required]
    there = [header for header in headers if header and squeezed(header) not in BOOKKEEPING]
    have = sum(name in found for name in required) / len(required)
    fit = len(found) / max(len(there), 1)
    return have * (0.6 + 0.4 * min(fit, 1))
