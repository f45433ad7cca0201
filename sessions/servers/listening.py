"""A connection on which the server speaks first: of what others change, and of what expires.

It is made anew whenever it breaks, and its owner is told: in between nothing is heard.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import redis.exceptions as redis_errors
from redis.asyncio.connection import AbstractConnection

from .. import tasks
from .link import Link

logger = logging.getLogger("sessions")

MakeConnection = Callable[[], AbstractConnection]

#: Where a connection of RESP2 hears of changes that it has asked to be told of.
INVALIDATIONS = "__redis__:invalidate"
_BROKEN = (redis_errors.RedisError, OSError)
#: Between two attempts to connect.
_PAUSE_SECONDS = 0.5
_MESSAGES = (b"message", b"pmessage", "message", "pmessage")


async def connection_makers(link: Link) -> list[MakeConnection]:
    """How to make a connection of one's own to each server behind a link.

    None for a client that is none of redis-py's.
    """
    client = link.client
    if link.is_cluster:
        await client.initialize()
        places = client.get_primaries()
    else:
        places = [getattr(client, "connection_pool", client)]
    return [_maker(each) for each in places if hasattr(each, "connection_class")]


def _maker(place: Any) -> MakeConnection:
    """RESP2, in which what the server pushes is an ordinary reply; no answer is ever late."""
    options = {k: v for k, v in place.connection_kwargs.items() if "maint_notif" not in k}
    options |= {"protocol": 2, "socket_timeout": None}

    def make() -> AbstractConnection:
        connection: AbstractConnection = place.connection_class(**options)
        return connection

    return make


class Listener:
    """Hears the messages of one channel, or pattern of channels, until it is closed."""

    def __init__(
        self,
        make_connection: MakeConnection,
        channel: str,
        on_message: Callable[[Any], None],
        *,
        on_change: Callable[[bool], None] = lambda is_heard: None,
        tracked_prefixes: Sequence[str] = (),
    ) -> None:
        """``on_message`` gets what a message holds. ``on_change`` is told when listening has begun,
        and when it has ended. ``tracked_prefixes`` are of keys whose changes the server is to tell:
        the channel is INVALIDATIONS then."""
        self._make_connection = make_connection
        self._channel = channel
        self._on_message = on_message
        self._on_change = on_change
        self._tracked_prefixes = tracked_prefixes
        self._connection: AbstractConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, as soon as there is a server. Raises ResponseError if it refuses."""
        try:
            await self._open()
        except redis_errors.ResponseError:
            raise
        except _BROKEN:
            logger.info("nobody is there yet to listen to")
        self._task = asyncio.create_task(self._listen())

    async def aclose(self) -> None:
        """Listen no more."""
        task, self._task = self._task, None
        if task is not None:
            await tasks.end(task)
        await self._close()

    async def _listen(self) -> None:
        while True:
            try:
                connection = self._connection or await self._open()
                while True:
                    self._hear(await connection.read_response(disable_decoding=True))
            except _BROKEN as error:
                logger.info("listening to %s ended: %s", self._channel, type(error).__name__)
            finally:
                await self._close()
            await asyncio.sleep(_PAUSE_SECONDS)

    def _hear(self, reply: Any) -> None:
        kind, *_, told = reply
        if kind in _MESSAGES:
            self._on_message(told)

    async def _open(self) -> AbstractConnection:
        self._connection = connection = self._make_connection()
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # redis-py
            if self._tracked_prefixes:
                prefixes = [word for each in self._tracked_prefixes for word in ("PREFIX", each)]
                # To itself: one connection tells and hears, so none can break without the other.
                mine = await _ask(connection, "CLIENT", "ID")
                await _ask(
                    connection, "CLIENT", "TRACKING", "ON", "REDIRECT", mine, "BCAST", *prefixes
                )
            is_pattern = "*" in self._channel
            await _ask(connection, "PSUBSCRIBE" if is_pattern else "SUBSCRIBE", self._channel)
        except BaseException:
            await self._close()
            raise
        self._on_change(True)
        return connection

    async def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._on_change(False)
            await connection.disconnect(nowait=True)


async def _ask(connection: AbstractConnection, *words: Any) -> Any:
    await connection.send_command(*words)
    return await connection.read_response(disable_decoding=True)


__all__ = ["INVALIDATIONS", "Listener", "MakeConnection", "connection_makers"]
