"""The output of children, read by the only thread and handed on line by line."""

import os
import selectors
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Consumer = Callable[[str], None]
_COLOURS = (36, 33, 35, 32, 34)


class Output:
    """The pipes of all running children."""

    def __init__(self) -> None:
        self._pipes = selectors.DefaultSelector()

    @contextmanager
    def pipe(self, consume: Consumer) -> Iterator[int]:
        """A pipe for one child to print to; each line of it goes to `consume`."""
        reader, writer = os.pipe()
        self._pipes.register(reader, selectors.EVENT_READ, _Lines(consume))
        try:
            yield writer
        finally:
            os.close(writer)

    def pump(self, seconds: float) -> bool:
        """Hand on what has been printed, waiting up to `seconds` for it; False when there was nothing."""
        ready = self._pipes.select(seconds)
        for key, _ in ready:
            data = os.read(key.fd, 65536)
            key.data.feed(data)
            if not data:
                self._pipes.unregister(key.fd)
                os.close(key.fd)
        return bool(ready)

    def drain(self) -> None:
        """Hand on all that is there, waiting for nothing."""
        while self.pump(0):
            pass


class _Lines:
    def __init__(self, consume: Consumer) -> None:
        self._consume = consume
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        if not data and self._rest:
            lines, self._rest = [self._rest], b""
        for line in lines:
            self._consume(line.decode(errors="replace").rstrip("\r"))


def say(line: str) -> None:
    """Print a line on stdout, at once."""
    _print(line, sys.stdout)


def remark(line: str) -> None:
    """Print a line about devstack's own doings: on stderr, because stdout belongs to what it runs."""
    _print(f"devstack: {line}", sys.stderr)


def _print(line: str, stream: TextIO) -> None:
    try:
        print(line, file=stream, flush=True)
    except OSError:
        # A reader that went away must not keep us from stopping everything in order.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def prefixed(name: str, number: int) -> Consumer:
    """A consumer that prints lines behind the name of their part, in its colour on a terminal."""
    prefix = f"{name:>9} | "
    if sys.stdout.isatty() and "NO_COLOR" not in os.environ:
        prefix = f"\x1b[{_COLOURS[number % len(_COLOURS)]}m{prefix}\x1b[0m"
    return lambda line: say(prefix + line)
