"""Small charts: lines over the last minutes as path data, for a page to put into SVG.

A chart stretches to its box; its words are the page's, so that they do not. Colours come from the
page's classes: where styles within a page are forbidden, attributes are what is left.

A value that is not a number was not measured: the line has a gap there.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

WIDTH, HEIGHT = 300, 80
#: Air above the highest point, for the thickness of a line.
HEADROOM = 4
NOT_MEASURED = "\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class Series:
    """One line. ``css_class`` gives its colour; with ``is_filled`` the area below has it too."""

    name: str
    values: Sequence[float]
    css_class: str
    is_filled: bool = False


@dataclass(frozen=True, slots=True)
class Drawn:
    """A line as path data of SVG, and the area below it, '' for none."""

    css_class: str
    line: str
    area: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Lines over the same moments: how many seconds ago each was. The right edge is now."""

    title: str
    unit: str
    series: Sequence[Series]
    ages_seconds: Sequence[float]
    span_seconds: float

    @property
    def top(self) -> float:
        """Where the scale ends: a round number that no value is above."""
        return nice_ceiling(max((highest(each.values) for each in self.series), default=0))

    @property
    def summary(self) -> str:
        """The chart in a sentence, for whom it is read to."""
        parts = [
            f"{each.name} {short(each.values[-1])}, at most {short(highest(each.values))}"
            for each in self.series
            if any(map(math.isfinite, each.values))
        ]
        return f"{self.title}, {self.unit}: {'; '.join(parts) or 'nothing yet'}"

    def drawn(self) -> list[Drawn]:
        """The lines as paths, in the order of the series."""
        return [self._draw(each) for each in self.series if each.values]

    def _draw(self, series: Series) -> Drawn:
        runs = [*self._runs(series.values)]
        # A point alone is a line of no length, whose round ends show.
        line = "".join("M" + "L".join(run if len(run) > 1 else run * 2) for run in runs)
        areas = [f"M{_x(run[0])} {HEIGHT}L{'L'.join(run)}L{_x(run[-1])} {HEIGHT}Z" for run in runs]
        return Drawn(series.css_class, line, "".join(areas) if series.is_filled else "")

    def _runs(self, values: Sequence[float]) -> Iterator[list[str]]:
        """The points without a gap between them, each as ``x y``."""
        scale = (HEIGHT - HEADROOM) / self.top
        points = [
            f"{x:g} {round(HEIGHT - value * scale, 1):g}" if math.isfinite(value) and x >= 0 else ""
            for value, x in zip(values, map(self._across, self.ages_seconds), strict=True)
        ]
        return (list(run) for is_there, run in groupby(points, key=bool) if is_there)

    def _across(self, age_seconds: float) -> float:
        return round(WIDTH * (1 - age_seconds / self.span_seconds), 1)


def _x(point: str) -> str:
    return point.partition(" ")[0]


def highest(values: Sequence[float]) -> float:
    """The highest of what was measured; 0 of nothing."""
    return max(filter(math.isfinite, values), default=0)


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50..., so that a scale does not jump with every value."""
    if value <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if value <= step * power)


def short(value: float) -> str:
    """A number in few characters: 950, 1.2k, 3.4M; below ten with one place, below one with two.

    A dash for what was not measured.
    """
    if math.isnan(value):
        return NOT_MEASURED
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= size * 0.9995:
            return f"{value / size:.1f}".removesuffix(".0") + suffix
    if value < 1:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}"
