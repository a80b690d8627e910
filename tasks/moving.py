"""The manual order of tasks, and of lists: a row that is moved gets a key between its new neighbours."""

from typing import Any

from events.models import Actor, Event, Kind, Via
from jobs.services import enqueue
from taskhub.postgresql.caller import Caller
from tasks.finding import search
from tasks.finding.indexes import POSITION, Sort
from tasks.finding.search import Wanted
from tasks.finding.statements import Page
from tasks.models import TaskList
from tasks.positions import LONG, after, between, spread

LONGEST_KEPT = 200  # characters of a key; the next one may be longer by one
WINDOW = 50  # rows on each side that get new keys together


def move(row: Any, anchor: Any, before: bool, actor: Actor) -> None:
    """Puts the row next to another of its owner's. The caller has the lock of the owner's tree, and of the row."""
    low, high = place(row, anchor, before)
    # Many rows made in one moment have the same key; and the job may be late
    if low == high or max(len(low), len(high or "")) > LONGEST_KEPT:
        even_out(anchor, Actor(actor.name, Via.JOB))
        anchor.refresh_from_db(fields=["position"])
        row.refresh_from_db(fields=["position", "version"])
        low, high = place(row, anchor, before)
    if low < row.position and (high is None or row.position < high):
        return  # it is there already
    row.change(actor, position=after(low) if high is None else between(low, high))
    if len(row.position) > LONG and len(row.position) % 8 == 1:  # not for each move while the job is on its way
        payload = {"resource": row.resource, "id": str(row.pk)}
        enqueue("even_out_positions", f"{row.pk}:{row.version}", payload)


def place(row: Any, anchor: Any, before: bool) -> tuple[str, str | None]:
    """Between which keys. The second is None behind the last row."""
    found = around(anchor, not before, 2)
    neighbour = next((position for pk, position in found if pk != row.pk), None)
    return (neighbour or "", anchor.position) if before else (anchor.position, neighbour)


def around(row: Any, forward: bool, number: int) -> list[tuple[Any, str]]:
    """Id and position of the next rows in the owner's order, or of those before, the nearest first."""
    if isinstance(row, TaskList):
        return TaskList.objects.around(row, forward, number)
    owner = Caller(str(row.owner_id), "SELECT %s::uuid AS user_id", [str(row.owner_id)], look_up=lambda: None)
    sort = Sort(POSITION, descending=not forward)
    page = Page(sort, (row.position, str(row.pk)), count=number)
    return [(pk, position) for pk, position in search.rows(owner, Wanted((), sort), ("id", "position"), page)]


def even_out(row: Any, actor: Actor) -> int:
    """Gives the rows around this one keys at even distances; their order stays. Returns how many were changed."""
    model, width = type(row), WINDOW
    while True:
        earlier, later = around(row, False, width), around(row, True, width)
        low = earlier.pop()[1] if len(earlier) == width else ""
        high = later.pop()[1] if len(later) == width else after((later or [(0, row.position)])[-1][1])
        if low < high:
            break
        width *= 2
    ids = [*reversed([pk for pk, _ in earlier]), row.pk, *(pk for pk, _ in later)]
    return rekey(model, dict(zip(ids, spread(low, high, len(ids)), strict=True)), actor)


def rekey(model: Any, keys: dict[Any, str], actor: Actor) -> int:
    rows = list(model._base_manager.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True))
    events = []
    for row in rows:
        changes = {"position": {"old": row.position, "new": keys[row.pk]}}
        row.position, row.version = keys[row.pk], row.version + 1
        events.append(row.event(Kind.UPDATED, changes))
    model._base_manager.bulk_update(rows, ["position", "version"])
    Event.objects.record(events, actor)
    return len(rows)
