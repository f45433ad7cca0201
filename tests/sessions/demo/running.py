"""The demo on a free port, in the event loop of the test."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from argon2 import PasswordHasher

import ferrite_lite
from sessions.demo.web.demo import Demo, open_demo
from sessions.demo.web.serve import Address, listening, server_for
from sessions.demo.web.settings import Settings

#: Real hashes, which take a millisecond instead of fifty.
QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


@dataclass(frozen=True, slots=True)
class Site:
    """A running demo: ``url`` for browsers, ``demo`` to look behind it."""

    url: str
    demo: Demo


@contextlib.asynccontextmanager
async def running(
    settings: Settings, address: Address, clock: ferrite_lite.Clock | None = None
) -> AsyncIterator[Site]:
    """Serve the demo until the block ends."""
    async with (
        open_demo(settings, clock=clock, hasher=QUICK) as demo,
        listening(address) as (listener, url),
    ):
        server = server_for(demo, address)
        # Signals are the test runner's.
        task = asyncio.create_task(server._serve([listener]))
        try:
            yield Site(url, demo)
        finally:
            server.should_exit = True
            await task
