"""Tasks of the FastAPI service."""

from django.core.exceptions import ValidationError

from importers.rows import NotTaken, Outcome, Row, existing_users, insert, moment_of, require, uuid_of
from tasks.models import Task
from tasks.models.task import LONGEST_DESCRIPTION


def take_tasks(rows: list[Row]) -> Outcome:
    """Tasks keep id, owner, text and time; that service had no status. The owner must exist here."""
    outcome = Outcome()
    owners = existing_users(row["owner_id"] for row in rows)
    new, known = insert(outcome.read(rows, "id", lambda row: task_of(row, owners)))
    outcome.taken, outcome.already_here = len(new), len(known)
    return outcome


def task_of(row: Row, owners: set[str]) -> Task:
    """Raises NotTaken."""
    require(row, "owner_id", "title")
    if row["owner_id"] not in owners:
        raise NotTaken("owner_is_not_here", f"{row['owner_id']!r}")
    title, description = row["title"].strip(), row["description"] or ""
    try:
        Task._meta.get_field("title").clean(title, None)
    except ValidationError as error:
        raise NotTaken("title_refused", " ".join(error.messages)) from error
    if len(description) > LONGEST_DESCRIPTION:
        raise NotTaken("description_too_long", f"{len(description)} characters")
    at = moment_of(row["created_at"])
    words = {"title": title, "description": description}
    return Task(id=uuid_of(row["id"]), owner_id=row["owner_id"], **words, created_at=at, updated_at=at)
