"""What an event loop answers in one of its turns is handed over at the turn's end, all together.

Clients wait for their replies asleep, and to wake one on another core takes a system longer than a
quick command takes us. Where each reply were sent at once, a client of many connections would fall
asleep again between any two of them; so it is woken once, and finds them all. Redis does likewise.
"""

from __future__ import annotations

import asyncio
from typing import Protocol

from .clock import NS_PER_MS

#: A reply waits no longer than this for what else is answered, plus one slice of that.
HOLD_NS = NS_PER_MS


class Answered(Protocol):
    """A connection that holds back replies."""

    def hand_over(self) -> None:
        """Send them, if there are any left."""
        ...


class Turn:
    """Who was answered in this turn of a loop; used in the loop's thread alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        #: Whether there is one connection only, which has nobody to wait for.
        self.is_alone = True
        self._answered: list[Answered] = []
        self._until_ns = 0

    def add(self, connection: Answered, now_ns: int) -> None:
        """Let a connection hand over at the end; now if it is alone, or the turn has taken long."""
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
        """Hand over what there is; what comes later in the same turn is handed over after it."""
        answered, self._answered = self._answered, []
        for connection in answered:
            connection.hand_over()
