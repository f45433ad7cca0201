"""The latency monitor: what took longer than ``latency-monitor-threshold``, and when.

An event is a kind of work: ``command``, ``fast-command``, ``expire-cycle``... For each of the last
seconds in which it was slow, the worst time is kept.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

#: ``LATENCY_TS_LEN``.
MAX_SAMPLES = 160


@dataclass(slots=True)
class Event:
    """Pairs of Unix seconds and milliseconds, oldest first, and the worst ever."""

    samples: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MAX_SAMPLES))
    worst_ms: int = 0

    def add(self, unix_seconds: int, elapsed_ms: int) -> None:
        self.worst_ms = max(self.worst_ms, elapsed_ms)
        if self.samples and self.samples[-1][0] == unix_seconds:
            _, before_ms = self.samples.pop()
            elapsed_ms = max(elapsed_ms, before_ms)
        self.samples.append((unix_seconds, elapsed_ms))


class LatencyMonitor:
    """The events of one server, by name."""

    def __init__(self) -> None:
        self.events: dict[bytes, Event] = {}

    def add(self, name: bytes, *, unix_seconds: int, elapsed_ms: int) -> None:
        self.events.setdefault(name, Event()).add(unix_seconds, elapsed_ms)

    def reset(self, *names: bytes) -> int:
        """Forget some events, or all, and return how many."""
        doomed = [name for name in (names or tuple(self.events)) if name in self.events]
        for name in doomed:
            del self.events[name]
        return len(doomed)
