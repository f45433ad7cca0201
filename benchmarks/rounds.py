"""How a comparison is measured: several rounds, every peer once in each, medians with their spread.

Machines drift while they are measured. So the peers take turns, each figure is set against the
reference's figure of the same round, and the median of those ratios is what counts.
"""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

#: Measures one thing once, and returns a rate: operations per second.
Measure = Callable[[], float]


@dataclass(frozen=True, slots=True)
class Figure:
    """What one peer reached: a rate and its ratio to the reference, each over all rounds."""

    rates: Sequence[float]
    ratios: Sequence[float]

    @property
    def rate(self) -> float:
        return statistics.median(self.rates)

    @property
    def ratio(self) -> float:
        return statistics.median(self.ratios)

    def __str__(self) -> str:
        low, high = min(self.ratios), max(self.ratios)
        return f"{self.rate:>11,.0f}/s  {self.ratio:6.2f}  ({low:.2f} to {high:.2f})"


def compare(measures: Mapping[str, Measure], *, reference: str, rounds: int) -> dict[str, Figure]:
    """Run every measure once a round; ratios are to ``reference`` in the same round."""
    rates: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(rounds):
        for name, measure in measures.items():
            rates[name].append(measure())
    return {
        name: Figure(own, [a / b for a, b in zip(own, rates[reference], strict=True)])
        for name, own in rates.items()
    }


def print_comparison(title: str, figures: Mapping[str, Figure]) -> None:
    print(f"\n{title}")
    width = max(map(len, figures))
    for name, figure in figures.items():
        print(f"  {name:<{width}} {figure}", flush=True)


def progress(text: str) -> None:
    """Say what is being measured, on a terminal only."""
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
