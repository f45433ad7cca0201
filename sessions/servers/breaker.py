"""A circuit breaker: who does not answer is not asked by everybody, over and over.

After so many requests in a row without an answer the circuit is open: nothing is asked for a while,
and each caller is told so at once. Then one request goes through to see, and its answer closes the
circuit for all.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic

#: Told whether the circuit is open now, once for each change.
OnChange = Callable[[bool], None]


class CircuitBreaker:
    """The breaker of one server. Threads may share it."""

    def __init__(
        self,
        failures: int,
        open_seconds: float,
        on_change: OnChange = lambda is_open: None,
        *,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Opens after ``failures`` in a row, for ``open_seconds``. ``clock`` gives seconds."""
        self._most_failures = failures
        self._open_seconds = open_seconds
        self._clock = clock
        self._on_change = on_change
        self._failures = 0
        #: When the next request may go through; None while all may.
        self._probe_at: float | None = None
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        return self._probe_at is not None

    def admits(self) -> bool:
        """Whether one more request may be made now.

        Who is let through an open circuit is alone for as long as it stays open: if he never says
        how it went, another one is let through after that.
        """
        if self._probe_at is None:
            return True
        with self._lock:
            now = self._clock()
            if self._probe_at is None or now < self._probe_at:
                return self._probe_at is None
            self._probe_at = now + self._open_seconds
            return True

    def succeeded(self) -> None:
        """There was an answer, of whatever kind."""
        if not self._failures:
            return
        with self._lock:
            was_open = self.is_open
            self._failures, self._probe_at = 0, None
        if was_open:
            self._on_change(False)

    def failed(self) -> None:
        """There was none."""
        with self._lock:
            self._failures += 1
            opens = self._probe_at is None and self._failures >= self._most_failures
            if opens:
                self._probe_at = self._clock() + self._open_seconds
        if opens:
            self._on_change(True)
