"""What the admin's pages share: usable with millions of rows, without COUNT(*), deep OFFSET or endless statements."""

import json
import logging
from collections.abc import Callable, Sequence
from functools import cached_property, wraps
from typing import Any, ClassVar, NamedTuple
from uuid import UUID

from django.contrib import admin
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.templatetags.admin_urls import admin_urlname
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import BadRequest, ValidationError
from django.core.paginator import EmptyPage, Paginator
from django.db import IntegrityError, OperationalError, connection, transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from psycopg.errors import LockNotAvailable, QueryCanceled

from taskhub.api.errors import problem_response
from taskhub.api.limits import RateLimited
from taskhub.api.problems import Conflict, DatabaseUnavailable
from taskhub.charts import Value, columns
from taskhub.postgresql import estimates
from taskhub.postgresql.errors import is_caused_by
from taskhub.postgresql.estimates import About, number_of

log = logging.getLogger("taskhub.admin")
TOO_SLOW = (
    "The database was stopped after {:g} seconds, and nothing was changed. Ask for less: an exact name or id is found"
    " by an index, words of a title are not."
)
CHANGED = "Someone else just changed this record. Go back, reload the page and try again."
NOTHING = SafeString("-")
DAYS = 14  # that the start page covers
PER_DAY_MILLISECONDS = 200  # milliseconds that counting may take before the number is estimated instead
BLOCK = '<pre class="readonly" style="margin: 0; white-space: pre-wrap">{}</pre>'

View = Callable[..., Any]


class Panel(NamedTuple):
    """One box of the start page. A ModelAdmin provides some by `panels(url of its list)`."""

    title: str
    url: str
    number: str
    notes: Sequence[str]
    chart: SafeString


class Site(admin.AdminSite):
    site_header = site_title = "TaskHub"
    index_title = "Staff"
    site_url = None  # the service has no other pages for people
    enable_nav_sidebar = False  # it would take up the width that the lists need
    statement_timeout = 5_000  # milliseconds
    lock_timeout = 2_000  # less than the above, so that a locked row is not reported as a slow statement

    def admin_view(self, view: View, cacheable: bool = False) -> Any:
        return super().admin_view(self.bounded(view), cacheable)

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        try:
            return super().login(request, extra_context)
        except RateLimited as problem:
            return problem_response(problem, request)

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Adds the panels of the models that the user may view."""
        shown = [
            (table.panels, reverse(admin_urlname(model._meta, SafeString("changelist"))))
            for model, table in self._registry.items()
            if isinstance(table, LargeTable) and table.has_view_permission(request)
        ]
        told = {"panels": [panel for panels, url in shown for panel in panels(url)]}
        return super().index(request, {**told, **(extra_context or {})})

    def bounded(self, view: View) -> View:
        """One transaction per page, with time limits for its statements; errors become a sentence on the page."""

        @wraps(view)
        def inner(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            try:
                with transaction.atomic():
                    with connection.cursor() as cursor:
                        cursor.execute(f"SET LOCAL statement_timeout = {self.statement_timeout}")
                        cursor.execute(f"SET LOCAL lock_timeout = {self.lock_timeout}")
                    response = view(request, *args, **kwargs)
                    return response.render() if hasattr(response, "render") else response
            except (IntegrityError, OperationalError) as error:
                if isinstance(error, IntegrityError) or is_caused_by(error, LockNotAvailable):
                    log.warning("a change by staff was refused", exc_info=error)
                    return problem_response(Conflict(CHANGED), request)
                if not is_caused_by(error, QueryCanceled):
                    raise
                return problem_response(DatabaseUnavailable(TOO_SLOW.format(self.statement_timeout / 1000)), request)

        return inner


class Newest(About):
    def __str__(self) -> str:
        return f"the newest {estimates.DEEPEST:,} of {super().__str__()}"


class EstimatingPaginator(Paginator):  # type: ignore[type-arg]
    """Pages through the first estimates.DEEPEST rows only, however many there are."""

    object_list: Any

    @cached_property
    def count(self) -> int:
        number = number_of(self.object_list)
        return Newest(number) if isinstance(number, About) else number

    @cached_property
    def num_pages(self) -> int:
        return min(super().num_pages, estimates.DEEPEST // self.per_page)

    def validate_number(self, number: Any) -> int:
        """The last page instead of one that does not exist."""
        try:
            return super().validate_number(number)
        except EmptyPage:
            return self.num_pages


class LargeList(ChangeList):
    model_admin: "LargeTable"

    def get_queryset(self, request: HttpRequest, *args: Any) -> QuerySet[Any]:
        return super().get_queryset(request, *args).defer(*self.model_admin.not_listed)

    def get_results(self, request: HttpRequest) -> None:
        try:
            super().get_results(request)
        except (
            ValueError,
            OverflowError,
        ) as error:  # a year beyond what Python's dates hold is noticed only when the statement is built
            raise IncorrectLookupParameters from error
        if not self.params:
            self.full_result_count = self.result_count  # so that the search does not offer to show all


class LargeTable(admin.ModelAdmin):  # type: ignore[type-arg]
    """A list of a large table: ordered by an index, sortable by indexed columns, never counted."""

    paginator = EstimatingPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_max_show_all = 0
    sortable_by: ClassVar[tuple[str, ...]] = ()
    not_listed: tuple[str, ...] = ()  # large columns that the list does not show

    def panels(self, url: str) -> list[Panel]:
        """The boxes of the start page for this table, whose list is at `url`."""
        return []

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return LargeList

    def response_action(self, request: HttpRequest, queryset: QuerySet[Any], *args: Any) -> Any:
        """Acts on the selected rows only, never on all rows of all pages."""
        try:
            ticked = queryset.filter(pk__in=request.POST.getlist(ACTION_CHECKBOX_NAME))
        except ValidationError as error:
            raise BadRequest from error
        return super().response_action(request, ticked, *args)


class ReadOnly:
    """For rows that staff may view but not edit."""

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


def growth(title: str, url: str, rows: QuerySet[Any], notes: Sequence[str] = ()) -> Panel:
    """How many rows there are, and how many were created on each of the last days."""
    number = number_of(rows)
    days = estimates.per_day(rows, "created_at", DAYS, PER_DAY_MILLISECONDS)
    chart = columns([Value(f"{day:%d %b}", made) for day, made in days.items()], f"New in the last {DAYS} days")
    return Panel(
        title,
        url,
        str(number) if isinstance(number, About) else f"{number:,}",
        [f"{sum(days.values()):,} new in {DAYS} days", *notes],
        chart,
    )


def as_uuid(text: str) -> UUID | None:
    """None for anything not written as ids are: a name or title may also consist of 32 hexadecimal digits."""
    try:
        found = UUID(text)
    except ValueError:
        return None
    return found if str(found) == text.lower() else None


def link_to(row: Model | None) -> SafeString:
    """A link to the page of another row; a dash if there is none."""
    if row is None:
        return NOTHING
    address = reverse(admin_urlname(row._meta, SafeString("change")), args=[row.pk])
    return format_html('<a href="{}">{}</a>', address, row)


def pretty_json(value: Any) -> SafeString:
    """Indented and escaped, non-ASCII letters kept; a dash for NULL."""
    return NOTHING if value is None else pretty_text(json.dumps(value, indent=2, ensure_ascii=False))


def pretty_text(text: str) -> SafeString:
    """Escaped, line breaks kept; a dash if it is empty."""
    return format_html(BLOCK, text) if text else NOTHING
