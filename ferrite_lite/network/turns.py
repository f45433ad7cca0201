"""Replies made in one turn of an event loop are sent together at the turn's end.

A client sleeps while it waits for a reply, and waking it on another core costs the system more time
than a quick command costs us. If each reply were sent at once, a client with many connections would
fall asleep again between any two of them; so it is woken once and finds them all. Redis does the
same.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from ..clock import NS_PER_MS

#: How long a reply may wait for others, plus one slice of a pipeline.
HOLD_NS = NS_PER_MS


class Answered(Protocol):
    """A connection that holds back replies."""

    def hand_over(self) -> None:
        """Send them, if there are any left."""
        ...


class Turn:
    """The connections answered in this turn of a loop; used only in the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        #: Whether there is only one connection, which need not wait for others.
        self.is_alone = True
        self._answered: list[Answered] = []
        self._until_ns = 0

    def add(self, connection: Answered, now_ns: int) -> None:
        """Have a connection send its replies at the end; now if it is alone or the turn is long."""
        if self.is_alone:
            connection.hand_over()
            return
        if not self._answered:
            self._loop.call_soon(self.end)
            self._until_ns = now_ns + HOLD_NS
        self._answered.append(connection)
        if now_ns > self._until_ns:
            self.end()

    def end(self) -> None:
        """Send what there is; replies made later in the same turn are sent after it."""
        answered, self._answered = self._answered, []
        for connection in answered:
            connection.hand_over()
