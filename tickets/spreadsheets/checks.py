"""The whole check of a plan's files: every problem of every file, then what they name in each other."""

from collections.abc import Sequence

from tickets.spreadsheets.content import content, duplicates, schema
from tickets.spreadsheets.entities import File, Problem, entities_of
from tickets.spreadsheets.references import Resolver

MOST_PROBLEMS = 5_000  # of a file; the others are counted


def check(files: Sequence[File]) -> None:
    """Fills in the entities and the problems of each file."""
    for file in files:
        file.entities = entities_of(file)
        file.problems += schema(file)
        for entity in file.entities:
            file.problems += content(entity)
    Resolver(files).resolve()
    for file in files:
        file.problems += duplicates(file)
        file.problems = bounded(file.problems)


def bounded(problems: list[Problem]) -> list[Problem]:
    if len(problems) <= MOST_PROBLEMS:
        return problems
    rest = problems[MOST_PROBLEMS - 1 :]
    blocking = any(problem.severity == "blocking" for problem in rest)
    message = f"{len(rest):,} more are not listed. Repair the others first."
    return [
        *problems[: MOST_PROBLEMS - 1],
        Problem("content", "too_many_problems", message, "blocking" if blocking else "warning"),
    ]
