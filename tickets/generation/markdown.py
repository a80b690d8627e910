"""Text from cells as Markdown: it looks as it does in the cell, and none of it is markup. No HTML survives."""

import re
from collections.abc import Iterable, Sequence

SPACES = re.compile(r"\s+")
MARKUP = re.compile(r"[\\`*\[\]|~]|(?<![^\W_])_|_(?![^\W_])")  # an underscore within a word is none


def plain(text: str) -> str:
    """In one line. What Markdown would take for markup is escaped, and HTML is not HTML any more."""
    line = SPACES.sub(" ", text).strip().replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return MARKUP.sub(r"\\\g<0>", line)


def code(text: str) -> str:
    """As a code span, in which nothing is markup; empty for an empty text. For tables, too."""
    line = SPACES.sub(" ", text).strip().replace("|", r"\|")
    if not line:
        return ""
    fence = "`" * (max((len(found) for found in re.findall("`+", line)), default=0) + 1)
    return f"{fence} {line} {fence}" if "`" in line else f"{fence}{line}{fence}"


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells are Markdown already. Columns that are empty in all rows are left out."""
    lines = [list(row) for row in rows]
    used = [place for place in range(len(titles)) if any(row[place] for row in lines)]
    shown = [[titles[place] for place in used], ["---"] * len(used), *([row[place] for place in used] for row in lines)]
    return "\n".join(f"| {' | '.join(row)} |" for row in shown)
