"""``instantaneous_ops_per_sec`` and its kin: how fast counters have grown of late.

As in Redis the mean of the last sixteen samples, one each tenth of a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..clock import NS_PER_MS, NS_PER_SECOND

SAMPLES = 16
INTERVAL_NS = 100 * NS_PER_MS


class Rates:
    """The growth a second of counters that are always handed over in the same order."""

    def __init__(self) -> None:
        self._before: tuple[int, Sequence[int]] | None = None
        self._samples: deque[list[float]] = deque([[]], maxlen=SAMPLES)

    def sample(self, now_ns: int, counters: Sequence[int]) -> None:
        """Look at the counters, unless that was done a moment ago."""
        if self._before is None:
            self._before = now_ns, counters
            return
        elapsed_ns = now_ns - self._before[0]
        if elapsed_ns < INTERVAL_NS:
            return
        # A counter that was reset begins anew.
        growth = (max(0, now - then) for now, then in zip(counters, self._before[1], strict=True))
        self._samples.append([each * NS_PER_SECOND / elapsed_ns for each in growth])
        self._before = now_ns, counters

    def per_second(self, at: int) -> float:
        """The rate of one counter."""
        return sum(each[at] for each in self._samples if each) / SAMPLES
