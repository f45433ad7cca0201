"""A connection on which the server speaks first: of what others change, and of what expires.

It is made anew whenever it breaks, is silent, or leads to the wrong server; in between nothing is
heard, and ``ear`` says so.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import redis.exceptions as redis_errors
from redis.asyncio.connection import AbstractConnection

from .. import tasks
from ..tasks import Deadline
from .link import Link

logger = logging.getLogger("sessions")

MakeConnection = Callable[[], AbstractConnection]

#: Where a connection of RESP2 hears of changes that it has asked to be told of.
INVALIDATIONS = "__redis__:invalidate"
_BROKEN = (redis_errors.RedisError, OSError)
#: Between two attempts to connect, and for one of them.
_PAUSE_SECONDS = 0.5
_OPENING_SECONDS = 5.0
#: Who says nothing for so long is asked whether he is there, and is not if he says nothing then.
_SILENCE_SECONDS = 2.0
#: Whoever may not PING has been answered, too.
_REFUSAL = (b"error", None)
_MESSAGES = (b"message", b"pmessage", "message", "pmessage")


async def places_of(link: Link) -> list[Any]:
    """Where to make connections of one's own to each server behind a link: pools, or nodes.

    None for a client that is none of redis-py's.
    """
    client = link.client
    if link.is_cluster:
        await client.initialize()
        places = client.get_primaries()
    else:
        places = [getattr(client, "connection_pool", client)]
    return [each for each in places if hasattr(each, "connection_class")]


def maker(place: Any) -> MakeConnection:
    """RESP2, in which what the server pushes is an ordinary reply; no answer is ever late."""
    options = {k: v for k, v in place.connection_kwargs.items() if "maint_notif" not in k}
    options |= {"protocol": 2, "socket_timeout": None, "health_check_interval": 0}

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
        tracked_prefixes: Sequence[str] = (),
        leads_right: Callable[[Any], bool] | None = None,
        is_wanted: Callable[[], bool] = lambda: True,
    ) -> None:
        """``on_message`` gets what a message holds. ``tracked_prefixes`` are of keys whose changes
        the server is to tell: the channel is INVALIDATIONS then. ``leads_right`` says whether a
        connection is to the server that is to be heard, if that may change; whoever is not wanted
        any more is not connected to once more."""
        self._make_connection = make_connection
        self._channel = channel
        self._on_message = on_message
        self._tracked_prefixes = tracked_prefixes
        self._leads_right = leads_right
        self._is_wanted = is_wanted
        self._connection: AbstractConnection | None = None
        self._ear: AbstractConnection | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to listen, as soon as there is a server. Raises ResponseError if it refuses."""
        try:
            await self._open()
        except redis_errors.ResponseError:
            raise
        except _BROKEN:
            logger.info("nobody is there yet to listen to")
        self.begin()

    def begin(self) -> None:
        """Begin to listen, as soon as that can be."""
        self._task = asyncio.create_task(self._listen())

    async def aclose(self) -> None:
        """Listen no more."""
        task, self._task = self._task, None
        if task is not None:
            await tasks.end(task)
        await self._close()

    @property
    def is_over(self) -> bool:
        """Whether it has ended by itself: nobody wants it any more."""
        return self._task is not None and self._task.done()

    @property
    def ear(self) -> object | None:
        """The same object for as long as no message is missed; None while any may be."""
        ear = self._ear
        if ear is not None and self._leads_right is not None and not self._leads_right(ear):
            # For good: should it lead right again, much may have happened in between.
            self._ear = ear = None
        return ear

    async def _listen(self) -> None:
        while self._is_wanted():
            try:
                await self._hear(self._connection or await self._open())
            except _BROKEN as error:
                logger.info("listening to %s ended: %s", self._channel, type(error).__name__)
            finally:
                await self._close()
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _hear(self, connection: AbstractConnection) -> None:
        """Hand on what comes, until the connection breaks or should not have been this one."""
        is_asked = False
        while self.ear is connection:
            try:
                reply = await connection.read_response(
                    disable_decoding=True, timeout=_SILENCE_SECONDS
                )
            except redis_errors.ResponseError:
                reply = _REFUSAL
            if reply is not None:
                kind, *_, told = reply
                if kind in _MESSAGES:
                    self._on_message(told)
            elif is_asked:
                raise redis_errors.TimeoutError("the server has said nothing for too long")
            else:
                await connection.send_command("PING")
            is_asked = reply is None

    async def _open(self) -> AbstractConnection:
        self._connection = connection = self._make_connection()
        try:
            async with Deadline(_OPENING_SECONDS):
                await self._ask_to_be_told(connection)
        except BaseException:
            await self._close()
            raise
        self._ear = connection
        return connection

    async def _ask_to_be_told(self, connection: AbstractConnection) -> None:
        await connection.connect()  # type: ignore[no-untyped-call]  # redis-py
        if self._tracked_prefixes:
            prefixes = [word for each in self._tracked_prefixes for word in ("PREFIX", each)]
            # To itself: one connection tells and hears, so none can break without the other.
            mine = await _ask(connection, "CLIENT", "ID")
            await _ask(connection, "CLIENT", "TRACKING", "ON", "REDIRECT", mine, "BCAST", *prefixes)
        is_pattern = "*" in self._channel
        await _ask(connection, "PSUBSCRIBE" if is_pattern else "SUBSCRIBE", self._channel)

    async def _close(self) -> None:
        connection, self._connection, self._ear = self._connection, None, None
        if connection is not None:
            await connection.disconnect(nowait=True)


async def _ask(connection: AbstractConnection, *words: Any) -> Any:
    await connection.send_command(*words)
    return await connection.read_response(disable_decoding=True)


__all__ = ["INVALIDATIONS", "Listener", "MakeConnection", "maker", "places_of"]
