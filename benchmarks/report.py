"""Figures as they are shown: a median with its spread, and a ratio that is taken round by round."""

from collections.abc import Iterable, Sequence
from statistics import median


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the greatest."""
    middle, low, high = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} [{low} to {high}]"


def ratios(upper: Sequence[float], lower: Sequence[float]) -> list[float]:
    """Round by round, so that what slows a whole round down falls out."""
    return [one / other for one, other in zip(upper, lower, strict=True)]


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
