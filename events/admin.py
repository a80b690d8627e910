"""Events, for staff: part of the page of what they are about."""

from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from events.models import Actor, Event, Versioned, Via
from taskhub.admin import pretty_text

SHOWN = 20  # the newest


def staff(request: HttpRequest) -> Actor:
    return Actor(request.user.get_username(), Via.STAFF)


def events_panel(row: Versioned) -> SafeString:
    """The newest events of the row, one a line; a dash when there is none."""
    events = list(Event.objects.of(row).order_by("-version")[:SHOWN])
    lines = format_html_join(
        "",
        "<tr><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td></tr>",
        (
            (event.version, f"{event.created_at:%Y-%m-%d %H:%M:%S}", event.kind, who(event), pretty_text(said(event)))
            for event in events
        ),
    )
    head = "<tr><th>version</th><th>time (UTC)</th><th>what</th><th>who</th><th>changes</th></tr>"
    return format_html("<table>{}{}</table>", SafeString(head), lines) if events else SafeString("-")


def said(event: Event) -> str:
    """One field a line."""
    return "\n".join(f"{name}: {change['old']} → {change['new']}" for name, change in event.changes.items())


def who(event: Event) -> str:
    return f"{event.actor} ({event.via})" if event.actor else event.via
