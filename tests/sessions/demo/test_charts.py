"""Charts are drawn to scale, and say in words what they show."""

from __future__ import annotations

import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sessions.demo.web.charts import (
    HEADROOM,
    HEIGHT,
    NOT_MEASURED,
    WIDTH,
    Chart,
    Series,
    nice_ceiling,
    short,
)


def chart(*values: list[float], seconds: float = 4, is_filled: bool = False) -> Chart:
    """One value a second, the last one of now, over so many seconds."""
    series = [Series(f"line {at}", each, "series-1", is_filled) for at, each in enumerate(values)]
    ages = [float(age) for age in reversed(range(len(values[0])))]
    return Chart("Things", "count", series, ages, seconds)


def points(path: str) -> list[tuple[float, float]]:
    pairs = re.findall(r"[ML]([\d.e-]+) ([\d.e-]+)", path)
    return [(float(x), float(y)) for x, y in pairs]


def test_the_last_value_stands_at_the_right_edge_and_the_scale_ends_at_a_round_number() -> None:
    drawn = chart([0, 50, 100]).drawn()[0]
    assert points(drawn.line) == [(150, 80), (225, 42), (300, 4)]


def test_lines_of_one_chart_have_one_scale() -> None:
    low, high = chart([1, 1], [100, 50]).drawn()
    assert points(high.line)[0][1] == HEADROOM
    assert points(low.line)[0][1] > HEIGHT - 2


def test_a_line_without_values_is_not_drawn() -> None:
    assert chart([]).drawn() == []
    assert chart([]).summary == "Things, count: nothing yet"


def test_only_a_filled_line_has_an_area_and_it_is_closed() -> None:
    assert chart([1, 2], is_filled=True).drawn()[0].area.endswith("Z")
    assert chart([1, 2]).drawn()[0].area == ""


def test_what_was_not_measured_is_a_gap() -> None:
    drawn = chart([1, 1, math.nan, 1, 1], is_filled=True).drawn()[0]
    assert drawn.line == "M0 4L75 4M225 4L300 4"
    assert drawn.area == "M0 80L0 4L75 4L75 80ZM225 80L225 4L300 4L300 80Z"
    assert chart([1, math.nan]).summary == f"Things, count: line 0 {NOT_MEASURED}, at most 1"
    assert chart([math.nan]).summary == "Things, count: nothing yet"


def test_a_point_alone_is_seen() -> None:
    assert chart([1]).drawn()[0].line == "M300 4L300 4"


def test_what_is_older_than_the_chart_is_not_drawn() -> None:
    assert points(chart([5, 5, 5], seconds=1).drawn()[0].line) == [(0, 4), (300, 4)]


@given(st.lists(st.floats(0, 1e9, allow_nan=False), min_size=1, max_size=120))
def test_every_point_lies_within_the_box(values: list[float]) -> None:
    for x, y in points(chart(values, seconds=119).drawn()[0].line):
        assert 0 <= x <= WIDTH
        assert HEADROOM <= y <= HEIGHT


@given(st.floats(0, 1e12, allow_nan=False))
def test_a_scale_ends_above_its_highest_value_and_not_far_above(value: float) -> None:
    top = nice_ceiling(value)
    assert top >= value
    assert top == 1 or top <= value * 2.6


def test_the_summary_tells_the_last_and_the_highest_value() -> None:
    assert chart([3, 1200, 7]).summary == "Things, count: line 0 7, at most 1.2k"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        *((0, "0"), (0.042, "0.04"), (0.5, "0.5"), (1, "1"), (9.96, "10"), (12.4, "12")),
        *((999, "999"), (1000, "1k"), (1234, "1.2k"), (2_500_000, "2.5M"), (999_999, "1M")),
    ],
)
def test_numbers_are_short(value: float, text: str) -> None:
    assert short(value) == text


def test_what_was_not_measured_is_a_dash() -> None:
    assert short(math.nan) == NOT_MEASURED
