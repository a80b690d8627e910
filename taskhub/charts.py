"""Small charts for the pages for staff, drawn as SVG: no script, nothing from elsewhere."""

from collections.abc import Sequence
from typing import NamedTuple

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

WIDTH, HEIGHT, GAP = 240, 48, 2  # in the drawing's own units; it is scaled to the width available
GREY, BLUE, GREEN, RED, AMBER = "#57606a", "#0b62c4", "#1a7f37", "#b42318", "#9a6700"
DRAWING = (
    '<svg viewBox="0 0 {} {}" preserveAspectRatio="none" role="img" aria-label="{}"'
    ' style="width: 100%; height: {}px; display: block">{}</svg>'
)
# The tooltip also appears over the transparent area above a bar, because a low bar is hard to hit
BAR = (
    '<g><title>{}: {}</title><rect x="{}" y="0" width="{}" height="{}" fill="transparent"/>'
    '<rect x="{}" y="{}" width="{}" height="{}" fill="{}"/></g>'
)
SHARE = '<rect x="{}" y="0" width="{}" height="{}" fill="{}"><title>{}: {}</title></rect>'


class Value(NamedTuple):
    """A bar, or a segment of one."""

    label: str
    number: int
    colour: str = BLUE


def columns(values: Sequence[Value], label: str) -> SafeString:
    """Vertical bars, scaled to the highest."""
    highest, step = max((value.number for value in values), default=0) or 1, WIDTH / (len(values) or 1)
    drawn = []
    for n, (name, number, colour) in enumerate(values):
        height = max(HEIGHT * number / highest, 1)  # zero is drawn as a line
        x, width = f"{n * step:.1f}", f"{max(step - GAP, 1):.1f}"
        told = f"{number:,}"
        drawn.append((name, told, x, width, HEIGHT, x, f"{HEIGHT - height:.1f}", width, f"{height:.1f}", colour))
    return format_html(DRAWING, WIDTH, HEIGHT, label, HEIGHT, format_html_join("", BAR, drawn))


def shares(values: Sequence[Value], label: str) -> SafeString:
    """One bar, divided into segments. A segment that is not zero is always visible."""
    shown = [value for value in values if value.number]
    total = sum(value.number for value in shown) or 1
    widths = [max(WIDTH * value.number / total, 3) for value in shown]
    scale, x, drawn = WIDTH / (sum(widths) or 1), 0.0, []
    for value, width in zip(shown, widths, strict=True):
        told = f"{value.number:,}"
        drawn.append((f"{x:.1f}", f"{width * scale:.1f}", HEIGHT, value.colour, value.label, told))
        x += width * scale
    return format_html(DRAWING, WIDTH, HEIGHT, label, HEIGHT / 3, format_html_join("", SHARE, drawn))
