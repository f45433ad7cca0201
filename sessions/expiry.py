"""Sessions that expire, told of as they do: where the server tells of keys that it has dropped.

A notification is a hint and no proof: it also comes for what leads from a replaced token to the
next one, and for records of sessions that were ended. The index of the user tells, and whoever
takes an entry out of it tells the event: any number of processes may watch, and one of them does.
What is missed while nobody listens, ``sweep`` finds.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

from . import tasks
from .errors import ConfigError, SessionError, StoreRefused
from .record import Raw, text
from .servers.listening import Listener, maker, places_of

if TYPE_CHECKING:
    from .operations.core import Core
    from .servers.link import Link
    from .store import SessionStore

_EXPIRED = "__keyevent@*__:expired"
_SETTING = "notify-keyspace-events"
#: Users to look at; beyond it ``sweep`` has to.
_MAX_WAITING = 10_000


@asynccontextmanager
async def watch_expiry(store: SessionStore[Any]) -> AsyncIterator[None]:
    """Tell ``Expired`` when a session expires, within the block.

    The server needs ``notify-keyspace-events`` with ``Ex``, on each node of a cluster: Raises
    ConfigError if it says that it does not have it. A session is noticed when its key is dropped,
    which a server may do a little later than it is due, and one in this process as it is used.
    """
    async with watching(store._core, store._core.link):
        yield


@asynccontextmanager
async def watching(core: Core[Any], link: Link) -> AsyncIterator[None]:
    """The same, listening over a link to the server of the store."""
    await _check_setting(link)
    places = await places_of(link)
    if not places:
        raise ConfigError("watching expiry needs a client of redis-py's")
    watch = _Watch(core)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(watch.aclose)
        for place in places:
            listener = Listener(maker(place), _EXPIRED, watch.heard)
            stack.push_async_callback(listener.aclose)
            await listener.start()
        yield


class _Watch:
    """Looks at the users of whom a session has expired."""

    def __init__(self, core: Core[Any]) -> None:
        self._core = core
        self._prefix = f"{core.config.prefix}session:{{"
        #: A dict for its order: whoever was heard of first is looked at first.
        self._waiting: dict[str, None] = {}
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(self._run())

    def heard(self, key: Raw) -> None:
        """A key has expired."""
        name = key.decode(errors="replace") if isinstance(key, bytes) else key
        if name.startswith(self._prefix) and len(self._waiting) < _MAX_WAITING:
            self._waiting[name.removeprefix(self._prefix).partition("}")[0]] = None
            self._wake.set()

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                tag = next(iter(self._waiting))
                del self._waiting[tag]
                with suppress(SessionError):
                    await self._core.members(tag)

    async def aclose(self) -> None:
        await tasks.end(self._task)


async def _check_setting(link: Link) -> None:
    try:
        replies = await link.ask_each_node("CONFIG GET", _SETTING)
    except StoreRefused:
        return  # it may not tell
    for reply in replies:
        values = list(reply.values()) if isinstance(reply, dict) else list(reply)[1:]
        classes = set(text(values[0])) if values else set()
        if not ("E" in classes and classes & set("xA")):
            raise ConfigError(f"the server does not tell what expires: set {_SETTING} to Ex")


__all__ = ["watch_expiry", "watching"]
