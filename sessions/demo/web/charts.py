"""Small charts: lines over the last minutes as path data, for a page to put into SVG.

A chart stretches to its box; its words are the page's, so that they do not. Colours come from the
page's classes: where styles within a page are forbidden, attributes are what is left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

WIDTH, HEIGHT = 300, 80
#: Air above the highest point, for the thickness of a line.
HEADROOM = 4


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
    """Lines over the same moments, of which there are at most ``moments``; the last one is now."""

    title: str
    unit: str
    series: Sequence[Series]
    moments: int

    @property
    def top(self) -> float:
        """Where the scale ends: a round number that no value is above."""
        return nice_ceiling(max((max(each.values, default=0) for each in self.series), default=0))

    @property
    def summary(self) -> str:
        """The chart in a sentence, for whom it is read to."""
        parts = [
            f"{each.name} {short(each.values[-1])}, at most {short(max(each.values))}"
            for each in self.series
            if each.values
        ]
        return f"{self.title}, {self.unit}: {'; '.join(parts) or 'nothing yet'}"

    def drawn(self) -> list[Drawn]:
        """The lines as paths, in the order of the series."""
        return [self._draw(each) for each in self.series if each.values]

    def _draw(self, series: Series) -> Drawn:
        points = self._points(series.values)
        line = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
        area = f"{line}L{WIDTH} {HEIGHT}L{points[0][0]:g} {HEIGHT}Z" if series.is_filled else ""
        return Drawn(series.css_class, line, area)

    def _points(self, values: Sequence[float]) -> list[tuple[float, float]]:
        step = WIDTH / max(1, self.moments - 1)
        start = WIDTH - step * (len(values) - 1)
        scale = (HEIGHT - HEADROOM) / self.top
        return [
            (round(start + step * at, 1), round(HEIGHT - value * scale, 1))
            for at, value in enumerate(values)
        ]


def nice_ceiling(value: float) -> float:
    """The next of 1, 2, 5, 10, 20, 50..., so that a scale does not jump with every value."""
    if value <= 1:
        return 1
    power = 10.0 ** math.floor(math.log10(value))
    return next(step * power for step in (1, 2, 5, 10) if value <= step * power)


def short(value: float) -> str:
    """A number in few characters: 950, 1.2k, 3.4M; below ten with one place, below one with two."""
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if value >= size * 0.9995:
            return f"{value / size:.1f}".removesuffix(".0") + suffix
    if value < 1:
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return f"{value:.1f}".removesuffix(".0") if value < 10 else f"{value:.0f}"
