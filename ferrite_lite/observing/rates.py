"""``instantaneous_ops_per_sec`` and its kin: how fast counters have grown lately.

As in Redis, a rate is the mean of the last sixteen samples, one every tenth of a second.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from ..clock import NS_PER_MS, NS_PER_SECOND

SAMPLES = 16
INTERVAL_NS = 100 * NS_PER_MS


class Rates:
    """The growth per second of counters that are always given in the same order."""

    def __init__(self) -> None:
        self._before: tuple[int, Sequence[int]] | None = None
        self._samples: deque[list[float]] = deque([[]], maxlen=SAMPLES)

    def sample(self, now_ns: int, counters: Sequence[int]) -> None:
        """Take a sample of the counters, unless the last one was a moment ago."""
        if self._before is None:
            self._before = now_ns, counters
            return
        elapsed_ns = now_ns - self._before[0]
        if elapsed_ns < INTERVAL_NS:
            return
        # A counter that was reset has shrunk.
        growth = (max(0, now - then) for now, then in zip(counters, self._before[1], strict=True))
        self._samples.append([each * NS_PER_SECOND / elapsed_ns for each in growth])
        self._before = now_ns, counters

    def per_second(self, at: int) -> float:
        """The rate of one counter."""
        return sum(each[at] for each in self._samples if each) / SAMPLES
