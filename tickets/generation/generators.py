"""Who writes what a ticket says beside its configuration. Another generator has the same shape."""

from typing import NamedTuple, Protocol

from tickets.generation import builtin
from tickets.generation.subjects import Subject


class Text(NamedTuple):
    """Markdown: one sentence, and what can be ticked off when the work is done."""

    story: str
    criteria: list[str]


class Generator(Protocol):
    """The title, the configuration and the dependencies are never its affair: they come from the cells."""

    name: str

    def write(self, subject: Subject) -> Text: ...


class Builtin:
    """By templates: the same subject has the same text, to the byte. Calls nobody."""

    name = "builtin"

    def write(self, subject: Subject) -> Text:
        return Text(builtin.story(subject), builtin.criteria(subject))


GENERATORS: dict[str, Generator] = {"builtin": Builtin()}
