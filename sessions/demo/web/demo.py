"""The parts of one running demo, opened and closed together."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import redis.asyncio
from argon2 import PasswordHasher

import ferrite_lite
from sessions import KeyRing, SessionStore, native
from sessions.passwords import PasswordLimits

from .accounts import GUESSES, Accounts
from .hub import Hub
from .load import Load
from .settings import Settings
from .telemetry import Telemetry

_TIMEOUT_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Demo:
    """What the pages work with. ``client`` reaches the server of the store."""

    settings: Settings
    client: Any
    store: SessionStore
    accounts: Accounts
    hub: Hub
    telemetry: Telemetry
    load: Load

    async def now(self) -> datetime:
        """The time of the store, by which sessions end."""
        seconds, microseconds = await self.client.time()
        return datetime.fromtimestamp(seconds + microseconds / 1e6, UTC)


@contextlib.asynccontextmanager
async def open_demo(
    settings: Settings,
    *,
    url: str | None = None,
    keys: KeyRing | None = None,
    clock: ferrite_lite.Clock | None = None,
    hasher: PasswordHasher | None = None,
) -> AsyncIterator[Demo]:
    """A demo on the server at ``url``, or on a store in this process, whose time is ``clock``'s.

    ``hasher`` is for tests, which have no time for a hash that takes long.
    """
    async with contextlib.AsyncExitStack() as stack:
        client: Any
        if url is None:
            ferrite = await stack.enter_async_context(ferrite_lite.Ferrite(clock=clock))
            native.register(ferrite.engine)
            client = ferrite.client()
        else:
            client = await stack.enter_async_context(_client_at(url))
        store = await SessionStore.connect(
            client, settings.sessions, keys=keys or KeyRing.generate(), clock=clock
        )
        accounts = Accounts(client, PasswordLimits(store, GUESSES), hasher)
        stack.callback(accounts.close)
        await accounts.open_shown()
        demo = Demo(
            settings=settings,
            client=client,
            store=store,
            accounts=accounts,
            hub=Hub(store),
            telemetry=Telemetry(store, client, settings.tick_seconds),
            load=Load(store),
        )
        measuring = asyncio.create_task(demo.telemetry.run())
        try:
            yield demo
        finally:
            demo.telemetry.stop()
            await demo.load.stop()
            await measuring


def _client_at(url: str) -> redis.asyncio.Redis:
    return redis.asyncio.Redis.from_url(
        url, socket_timeout=_TIMEOUT_SECONDS, socket_connect_timeout=_TIMEOUT_SECONDS
    )


def keys_from(secret: str) -> KeyRing:
    """A ring that is the same wherever the secret is: for a store that outlives the process."""

    def key(label: bytes) -> bytes:
        return hmac.digest(secret.encode(), label, "sha256")

    return KeyRing("k1", {"k1": key(b"demo tokens")}, routing_key=key(b"demo routing"))
