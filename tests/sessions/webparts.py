"""What the tests of the web share: a store that counts, breaks and moves its clock on request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import ferrite_lite
from sessions import SessionStore, StoreUnavailable, events, native
from tests.sessions.conftest import KEYS, without_rate

MINUTE = 60


class WatchedClient:
    """A client that keeps what was asked, and can be out of order."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[tuple[Any, ...]] = []
        self.is_broken = False
        #: Set whenever something was answered.
        self.answered = asyncio.Event()

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        self.calls.append(words)
        if self.is_broken:
            raise ConnectionError("no store")
        reply = await self._client.execute_command(*words, **options)
        self.answered.set()
        return reply


class WatchedStore:
    """An embedded store, its client and its clock."""

    def __init__(
        self, store: SessionStore[dict[str, Any]], client: WatchedClient, clock: Any
    ) -> None:
        self.store = store
        self.client = client
        self.clock: ferrite_lite.ManualClock = clock
        self.events: list[events.SessionEvent] = []
        store.on_event(self.events.append)

    @property
    def commands(self) -> int:
        """How many requests the store got since this was last asked."""
        count = len(self.client.calls)
        self.client.calls.clear()
        return count

    def break_down(self) -> None:
        self.client.is_broken = True

    def repair(self) -> None:
        self.client.is_broken = False


@asynccontextmanager
async def watched_store(**settings: Any) -> AsyncIterator[WatchedStore]:
    clock = ferrite_lite.ManualClock()
    async with ferrite_lite.Ferrite(clock=clock) as ferrite:
        native.register(ferrite.engine)
        client = WatchedClient(ferrite.client())
        config = without_rate(retries=0, **settings)
        store = await SessionStore.connect(client, config, keys=KEYS)
        # Every script is there from now on: a request is one command.
        token = (await store.create("warm-up")).token
        await store.patch(token, {"warm": True})
        await store.validate(token)
        await store.destroy(token)
        client.calls.clear()
        yield WatchedStore(store, client, clock)


__all__ = ["MINUTE", "StoreUnavailable", "WatchedStore", "watched_store"]
