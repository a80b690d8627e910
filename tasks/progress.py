"""What a command shows while it works."""

from collections.abc import Iterator
from typing import Any

BAR = 40  # characters


def watched(stdout: Any, rows: Iterator[Any], total: int) -> Iterator[Any]:
    """Passes the rows through; on a terminal, shows a progress bar."""
    shown = stdout.isatty()
    for done, row in enumerate(rows, 1):
        yield row
        if shown and (done % 10_000 == 0 or done == total):
            bar = "#" * (BAR * done // total)
            stdout.write(f"\r[{bar:{BAR}}] {done:,} of {total:,}", ending="\n" if done == total else "")
            stdout.flush()
