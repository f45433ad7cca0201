"""Tells open pages what happens to sessions, and remembers the last of it.

Nobody waits for a page that does not read: each has a short queue, and looks at the store itself.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from sessions import SessionStore, events

from .happenings import why_ended

_REMEMBERED = 200
_MOST_UNREAD = 100


class Listener:
    """One open page."""

    def __init__(self) -> None:
        self.is_closed = False
        self._unread: deque[events.SessionEvent] = deque(maxlen=_MOST_UNREAD)
        self._woken = asyncio.Event()

    def tell(self, event: events.SessionEvent) -> None:
        self._unread.append(event)
        self._woken.set()

    def close(self) -> None:
        self.is_closed = True
        self._woken.set()

    async def pause(self, seconds: float) -> None:
        """Wait, whatever happens, but for the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not self.is_closed:
                    self._woken.clear()
                    await self._woken.wait()

    async def next(self, within_seconds: float) -> list[events.SessionEvent]:
        """What has happened since the last time; empty if nothing does within the time."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_seconds):
                await self._woken.wait()
        self._woken.clear()
        heard = list(self._unread)
        self._unread.clear()
        return heard


class Hub:
    """All events of one store."""

    def __init__(self, store: SessionStore) -> None:
        self.last: deque[events.SessionEvent] = deque(maxlen=_REMEMBERED)
        self._listeners: set[Listener] = set()
        store.on_event(self._heard)

    @contextmanager
    def listen(self) -> Iterator[Listener]:
        listener = Listener()
        self._listeners.add(listener)
        try:
            yield listener
        finally:
            self._listeners.discard(listener)

    def why_ended(self, public_id: str) -> str:
        """What to tell the person whose session has ended."""
        reasons = (why_ended(event, public_id) for event in self.last)
        return next(filter(None, reasons), "Its time ran out, or it was ended elsewhere.")

    def close(self) -> None:
        """Let all open pages end: a server waits for them."""
        for listener in self._listeners:
            listener.close()

    def _heard(self, event: events.SessionEvent) -> None:
        self.last.appendleft(event)
        for listener in self._listeners:
            listener.tell(event)
