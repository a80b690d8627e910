"""Charts of the pages for staff."""

import re

import pytest

from taskhub.charts import HEIGHT, WIDTH, Value, columns, shares


def drawn(svg, name):
    return [float(number) for number in re.findall(rf'<rect [^>]*{name}="([0-9.]+)"[^>]*fill="#', svg)]


def test_columns_are_as_high_as_their_share_of_the_highest():
    assert drawn(columns([Value("Mon", 10), Value("Tue", 5), Value("Wed", 0)], "Days"), " height") == [48, 24, 1]


def test_each_column_tells_its_number_and_its_words_are_escaped():
    assert "<title>&lt;Mon&gt;: 1,234</title>" in columns([Value("<Mon>", 1234)], "Days")


def test_shares_fill_the_width_and_the_smallest_can_be_seen():
    widths = drawn(shares([Value("a", 1_000_000), Value("b", 1), Value("c", 0)], "All"), " width")

    assert sum(widths) == pytest.approx(WIDTH, abs=0.2)
    assert len(widths) == 2
    assert min(widths) > 2


@pytest.mark.parametrize("chart", [columns, shares])
@pytest.mark.parametrize("values", [[], [Value("a", 0)]])
def test_nothing_can_be_drawn(chart, values):
    assert f'viewBox="0 0 {WIDTH} {HEIGHT}"' in chart(values, "None")
