"""Where time comes from. Nothing else in the package reads a clock."""

from __future__ import annotations

import time
from typing import Protocol

NS_PER_SECOND = 1_000_000_000
NS_PER_MS = 1_000_000
NS_PER_US = 1_000

#: Measures how long something took: in real time, whatever clock drives the server.
stopwatch_ns = time.perf_counter_ns
#: Blocks the thread for some seconds: for DEBUG SLEEP, and for clients that may block.
block_seconds = time.sleep


class Clock(Protocol):
    """Unix time. One method, so that a request costs one reading."""

    def now_ns(self) -> int:
        """Unix time in nanoseconds."""
        ...


class SystemClock:
    """The machine's wall clock, as Redis uses it for deadlines."""

    #: The C function itself: this is read once per request.
    now_ns = staticmethod(time.time_ns)


class ManualClock:
    """A clock that moves only when a test moves it."""

    def __init__(self, start_ms: int = 1_700_000_000_000) -> None:
        self._now_ns = start_ms * NS_PER_MS

    def now_ns(self) -> int:
        return self._now_ns

    def now_ms(self) -> int:
        return self._now_ns // NS_PER_MS

    def advance(self, *, ms: int = 0, seconds: float = 0) -> None:
        """Move forward; ``ms`` and ``seconds`` add up."""
        self._now_ns += ms * NS_PER_MS + round(seconds * 1000) * NS_PER_MS

    def set_time(self, *, ms: int) -> None:
        """Stand at a Unix time in milliseconds, forward or back."""
        self._now_ns = ms * NS_PER_MS


class Moment:
    """The instant at which the current request runs.

    The clock is read when a command first asks for the time, and not again until the engine begins
    the next request: a script, or a whole transaction, sees one moment, as in Redis. Most requests
    touch no deadline and read no clock.
    """

    __slots__ = ("_now_ns", "_ns", "read_ms")

    def __init__(self, clock: Clock) -> None:
        self._now_ns = clock.now_ns
        self._ns = 0
        #: None until the time is asked for; the engine resets it to None where a request begins.
        self.read_ms: int | None = None

    def save(self) -> tuple[int | None, int]:
        """What ``restore`` brings back after other requests have run inside this one."""
        return self.read_ms, self._ns

    def restore(self, saved: tuple[int | None, int]) -> None:
        """Go on at an instant that was saved."""
        self.read_ms, self._ns = saved

    @property
    def ms(self) -> int:
        if self.read_ms is None:
            self._ns = self._now_ns()
            self.read_ms = self._ns // NS_PER_MS
        return self.read_ms

    @property
    def ns(self) -> int:
        _ = self.ms  # reads the clock
        return self._ns

    @property
    def us(self) -> int:
        return self.ns // NS_PER_US
