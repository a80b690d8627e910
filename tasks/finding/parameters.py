"""What the query of `GET /tasks/` says (CONTRACT section 7)."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import QueryDict
from django.utils import timezone

from taskhub.api.problems import BadParameter
from taskhub.api.serializers import DAY, INSTANT
from tasks.finding.indexes import SORTS
from tasks.finding.search import Wanted
from tasks.finding.statements import MATCHES, Condition
from tasks.models import Label, Priority, Status
from tasks.models.label import MOST_LABELS, key_of
from tasks.models.task import NEVER, OPEN

A_DAY, EARLIEST = timedelta(days=1), datetime.min.replace(tzinfo=UTC)
LONGEST_SEARCH = 200  # characters of `q`
FIRST_YEAR, LAST_YEAR = 2, 9998  # of days and instants, so that no time zone leads beyond what can be reckoned
REPEATABLE = frozenset({"status", "label", "label_all"})
INSTANTS = {
    "created_after": ("created_at", ">"),
    "created_before": ("created_at", "<"),
    "updated_after": ("updated_at", ">"),
    "completed_after": ("completed_at", ">"),
}
EXTERNAL = ("external_source", "external_key")
# The order that comes by itself with a filter: the one in which an index has it
SORT_OF = {
    "deleted": "-deleted",
    "due_before": "due",
    "due_after": "due",
    "overdue": "due",
    "completed_after": "-completed",
    "updated_after": "-updated",
}
FILTERS = (
    *("status", "list", "label", "label_all", "priority_min", "parent", "due_before", "due_after", "overdue"),
    *("blocked", "completed_after", "created_after", "created_before", "updated_after", *EXTERNAL, "deleted", "q"),
)
PARAMETERS = frozenset({*FILTERS, "sort"})


@dataclass(frozen=True)
class Asker:
    """Whose tasks are looked for. `look_up_zone` gives the IANA name of the user's time zone."""

    owner_id: Any
    look_up_zone: Callable[[], str]

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.look_up_zone())


def wanted(query: QueryDict, asker: Asker) -> Wanted:
    """Raises BadParameter."""
    conditions = [condition for name in FILTERS if name in query for condition in READ[name](query, asker, name)]
    name = choice("sort", query.get("sort", default_sort({one.filter for one in conditions})), SORTS)
    require_for_sort(name, query, conditions)
    if name == "-completed":  # its index holds those that are done, and no others
        conditions = [one for one in conditions if one.values != (Status.DONE,)]
    return Wanted(tuple(merged(conditions)), SORTS[name], str(query.get("q", "")))


def default_sort(filters: Collection[str]) -> str:
    return next((sort for name, sort in SORT_OF.items() if name in filters), "-created")


def require_for_sort(sort: str, query: QueryDict, conditions: Sequence[Condition]) -> None:
    """What an order needs, so that no task lacks the value by which it sorts."""
    if sort == "relevance" and "q" not in query:
        raise BadParameter("sort", "q_missing", "relevance goes with q.")
    if sort == "-deleted" and not any(condition.filter == "deleted" for condition in conditions):
        raise BadParameter("sort", "deleted_missing", "-deleted goes with deleted=true.")
    if sort == "-completed" and "completed_after" not in query and query.getlist("status") != [Status.DONE]:
        raise BadParameter("sort", "status_missing", "-completed goes with completed_after, or with status=done.")
    if "q" in query and any(condition.filter == "deleted" for condition in conditions):
        raise BadParameter("q", "not_searched", "Tasks in the trash are not searched.")


def merged(conditions: Sequence[Condition]) -> list[Condition]:
    """Several on the status as one, whose values are those that all of them allow."""
    of_status = [condition for condition in conditions if condition.column == "status"]
    if len(of_status) < 2:
        return list(conditions)
    values = tuple(
        value for value in of_status[0].values or () if all(value in (one.values or ()) for one in of_status)
    )
    rest = [condition for condition in conditions if condition.column != "status"]
    return [Condition(of_status[0].filter, "status = ANY(%s)", (list(values),), "status", values), *rest]


# Each of these takes the query, who asks, and the name of the parameter. It raises BadParameter


def status(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    values = tuple(sorted({choice(name, value, Status.values) for value in query.getlist(name)}))
    return [Condition(name, "status = ANY(%s)", (list(values),), name, values)]


def reference(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    """An id, or `none`."""
    column, value = f"{name}_id", str(query[name])
    if value == "none":
        return [Condition(name, f"{column} IS NULL", (), column, (None,))]
    found = identifier(name, value, "an id, or none")
    return [Condition(name, f"{column} = %s", (found,), column, (found,))]


def label(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    ids = tuple(set(label_ids(query, asker, name).values()))
    return [Condition(name, "label_ids && %s::uuid[]", (list(ids),), "label_id", ids)]


def label_all(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    known = label_ids(query, asker, name)
    missing = len({key_of(value) for value in query.getlist(name)}) > len(known)
    return [
        Condition(name, "label_ids @> ARRAY[%s]::uuid[]", (pk,), "label_id", (pk,)) for pk in set(known.values())
    ] + ([Condition(name, "FALSE", values=())] if missing else [])


def label_ids(query: QueryDict, asker: Asker, name: str) -> dict[str, UUID]:
    keys = {key_of(value) for value in query.getlist(name)}
    if len(keys) > MOST_LABELS:
        raise BadParameter(name, "too_many", f"Give up to {MOST_LABELS} labels.")
    if any("\0" in key or not key for key in keys):
        raise BadParameter(name, "invalid", "This must be the name of a label.")
    return dict(Label.objects.filter(owner=asker.owner_id, key__in=keys).values_list("key", "id"))


def priority_min(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    rank = Priority.values.index(choice(name, str(query[name]), Priority.values))
    return [Condition(name, "priority_rank >= %s", (rank,), "priority_rank", tuple(range(rank, len(Priority))))]


def due(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    """A day is compared with days, an instant with instants, and one with the other by the clock of who asks."""
    value = str(query[name])
    is_day = DAY.fullmatch(value) is not None
    moment = None if is_day else instant(name, value)
    day = day_of(name, value) if moment is None else moment.astimezone(asker.zone).date()
    if name == "due_before":
        return [due_before(name, day, moment or start_of(day, asker.zone))]
    return [due_after(name, day, moment or start_of(day + A_DAY, asker.zone), "> %s" if moment else ">= %s")]


def due_before(name: str, day: date, moment: datetime) -> Condition:
    """Days are found at midnight UTC: the range is as wide as days and instants need, and each task is compared."""
    latest = max(datetime.combine(day, time.min, UTC), moment)
    exact = "CASE WHEN due_at IS NULL THEN due_date < %s ELSE due_at < %s END"
    return Condition(name, f"due_key < %s AND {exact}", (latest, day, moment), "due_key")


def due_after(name: str, day: date, moment: datetime, compared: str) -> Condition:
    earliest = min(datetime.combine(day + A_DAY, time.min, UTC), moment)
    exact = f"CASE WHEN due_at IS NULL THEN due_date > %s ELSE due_at {compared} END"
    return Condition(name, f"due_key >= %s AND due_key < %s AND {exact}", (earliest, NEVER, day, moment), "due_key")


def overdue(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    choice(name, str(query[name]), ["true"])
    now = timezone.now()
    open_ones = tuple(sorted(OPEN))
    before = due_before(name, now.astimezone(asker.zone).date(), now)
    return [Condition(name, "status = ANY(%s)", (list(open_ones),), "status", open_ones), before]


def blocked(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    wanted = choice(name, str(query[name]), ["true", "false"]) == "true"
    return [Condition(name, "blocked" if wanted else "NOT blocked", (), name, (wanted,))]


def since(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    column, sign = INSTANTS[name]
    return [Condition(name, f"{column} {sign} %s", (instant(name, str(query[name])),), column)]


def external(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    """Both or neither: a source alone may have any number of tasks, and no index has them in order."""
    for other in EXTERNAL:
        if other not in query:
            raise BadParameter(other, "required", "Give both external_source and external_key.")
    value = str(query[name])
    if "\0" in value:
        raise BadParameter(name, "invalid", "This may not hold a NUL character.")
    return [Condition(name, f"{name} = %s", (value,), name, (value,))]


def deleted(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    if choice(name, str(query[name]), ["true", "false"]) == "false":
        return []
    return [Condition(name, "deleted_at IS NOT NULL", (), "deleted_at")]


def words(query: QueryDict, asker: Asker, name: str) -> list[Condition]:
    """What the words are is for task_query() to say, which the database has."""
    value = str(query[name])
    if not any(map(str.isalnum, value)) or len(value) > LONGEST_SEARCH or "\0" in value:
        detail = f"This must hold a letter or a digit, and have up to {LONGEST_SEARCH} characters."
        raise BadParameter(name, "invalid", detail)
    return [Condition(name, MATCHES, (value,), "document")]


READ: Mapping[str, Callable[[QueryDict, Asker, str], list[Condition]]] = {
    **dict.fromkeys(INSTANTS, since),
    **dict.fromkeys(("list", "parent"), reference),
    **dict.fromkeys(("due_before", "due_after"), due),
    **dict.fromkeys(EXTERNAL, external),
    "status": status,
    "label": label,
    "label_all": label_all,
    "priority_min": priority_min,
    "overdue": overdue,
    "blocked": blocked,
    "deleted": deleted,
    "q": words,
}


def choice(name: str, value: str, allowed: Collection[str]) -> str:
    if value not in allowed:
        raise BadParameter(name, "invalid_choice", f"This must be one of {', '.join(allowed)}.")
    return value


def identifier(name: str, value: str, expected: str = "an id") -> UUID:
    try:
        if len(value) == 36:
            return UUID(value)
    except ValueError:
        pass
    raise BadParameter(name, "invalid", f"This must be {expected}.")


def day_of(name: str, value: str) -> date:
    try:
        found = date.fromisoformat(value)
    except ValueError:
        found = date.min
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        raise BadParameter(name, "invalid", "This must be a day such as 2026-12-01, or an instant.")
    return found


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a day, also where clocks skip midnight."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def instant(name: str, value: str) -> datetime:
    try:
        found = datetime.fromisoformat(value) if INSTANT.fullmatch(value) else EARLIEST
    except ValueError:
        found = EARLIEST
    if not FIRST_YEAR <= found.year <= LAST_YEAR:
        detail = "This must be an instant such as 2026-12-01T00:00:00Z; in an address, + is written as %2B."
        raise BadParameter(name, "invalid", detail)
    return found.astimezone(UTC)
