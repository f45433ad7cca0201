"""The epoch of a store: when all sessions of all users were last ended.

It lies in one key, which no other script can read on a cluster. Each store asks for it now and
then, if it was told how often, and refuses what is older: an end of all sessions so takes effect
everywhere within that time, though ending them one user after the other takes longer.
"""

from __future__ import annotations

import ferrite_lite

from ..atomic import AtomicStore
from ..replies import Live

_NS_PER_SECOND = 1_000_000_000


class Epoch:
    """What one process knows of the epoch."""

    def __init__(
        self, atomic: AtomicStore, clock: ferrite_lite.Clock, every_seconds: float | None
    ) -> None:
        """``every_seconds`` is how often to ask; None for never."""
        self._atomic = atomic
        self._clock = clock
        self._every_ns = None if every_seconds is None else round(every_seconds * _NS_PER_SECOND)
        self._asked_at_ns: int | None = None
        self._began_ms = 0

    async def begin(self) -> None:
        """Begin a new one. Raises StoreUnavailable."""
        self._began_ms = await self._atomic.begin_epoch()

    async def refuses(self, live: Live) -> bool:
        """Whether a session was opened before the epoch. Raises StoreUnavailable."""
        await self._ask_if_due()
        return self.is_known_to_refuse(live)

    def is_known_to_refuse(self, live: Live) -> bool:
        """The same, as far as was known when the store was last asked."""
        return self._began_ms > 0 and live.record.number("created_at") <= self._began_ms

    async def is_after(self, moment_ms: int) -> bool:
        """Whether it began after a moment. Raises StoreUnavailable."""
        await self._ask_if_due()
        return moment_ms <= self._began_ms

    async def _ask_if_due(self) -> None:
        if self._every_ns is not None and self._is_due():
            self._began_ms = max(self._began_ms, await self._atomic.epoch())
            self._asked_at_ns = self._clock.now_ns()

    def _is_due(self) -> bool:
        if self._every_ns is None or self._asked_at_ns is None:
            return True
        # A clock that was set back must not keep the store from asking.
        return abs(self._clock.now_ns() - self._asked_at_ns) >= self._every_ns
