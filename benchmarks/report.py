"""Figures as they are shown: a median with its spread, a ratio taken round by round, tables and drawings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and in brackets the least and the greatest."""
    middle, low, high = (f"{value:,.{digits}f}" for value in (median(values), min(values), max(values)))
    return f"{middle} [{low} to {high}]"


def ratios(upper: Sequence[float], lower: Sequence[float]) -> list[float]:
    """Round by round, so that what slows a whole round down falls out."""
    return [one / other for one, other in zip(upper, lower, strict=True)]


def table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Markdown."""
    lines = [titles, ["---"] * len(titles), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


@dataclass
class Table:
    """Rows to print, and values to draw: a series of points for each program, by the names of the points."""

    title: str
    titles: Sequence[str]
    rows: list[list[str]]
    unit: str
    logarithmic: bool = True  # where one program takes many times what another takes
    points: dict[str, dict[str, float | None]] = field(default_factory=dict)

    def draw(self, series: str, point: str, value: float | None) -> None:
        self.points.setdefault(series, {})[point] = value

    def __str__(self) -> str:
        return f"### {self.title}\n\n{table(self.titles, self.rows)}\n"

    def save(self, folder: Path) -> None:
        """As SVG, without script."""
        import pygal  # here, as it puts a hook of old make into every import that follows

        labels = list(dict.fromkeys(point for points in self.points.values() for point in points))
        chart = pygal.Bar(
            js=(),
            width=900,
            height=420,
            legend_at_bottom=True,
            legend_at_bottom_columns=2,
            disable_xml_declaration=True,
        )
        chart.truncate_label, chart.truncate_legend, chart.x_label_rotation = -1, -1, 15
        if self.logarithmic:  # which would begin at the least value, whose bar would not be seen
            values = [value for points in self.points.values() for value in points.values() if value]
            chart.logarithmic, chart.zero = True, min(values) / 2
            chart.range = (chart.zero, max(values))
        chart.title, chart.x_labels, chart.y_title = self.title, labels, self.unit
        for series, points in self.points.items():
            chart.add(series, [points.get(label) for label in labels])
        name = "".join(letter if letter.isalnum() else "-" for letter in self.title.lower()).replace("--", "-")
        (folder / f"{name}.svg").write_text(chart.render(is_unicode=True) + "\n")
