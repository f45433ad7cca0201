"""All servers behind a link, listened to for changes of keys.

What one cannot hear one does not know: for each user there is an ``ear``, the same object for as
long as no change of his is missed. It is another one, or none, when the connection broke, when
another server has his keys now, or when a Sentinel has made another server the master.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

import redis.exceptions as redis_errors
from redis.asyncio.sentinel import SentinelConnectionPool

from ..errors import ConfigError
from ..record import Raw
from ..tasks import LoopThread
from .link import Link
from .listening import INVALIDATIONS, Listener, maker, places_of

OnChange = Callable[[Sequence[Raw] | None], None]

#: What a cluster's client raises when it has not found the cluster, or a slot in it.
_UNKNOWN = (redis_errors.RedisError, redis_errors.RedisClusterException, OSError)


class Hearing:
    """Hears of the changes of all keys that begin with one of some prefixes."""

    def __init__(self, link: Link, prefixes: Sequence[str], on_change: OnChange) -> None:
        """``on_change`` gets the keys, or None for all there are."""
        self._link = link
        self._prefixes = prefixes
        self._on_change = on_change
        #: By the name of the node; there is one without a name where there is no cluster.
        self._listeners: dict[str, Listener] = {}

    async def start(self) -> None:
        """Begin. Raises ConfigError where nothing can be heard."""
        try:
            places = await places_of(self._link)
        except _UNKNOWN:
            return  # the nodes of a cluster are listened to when they are met
        if not places:
            raise ConfigError("a near cache needs a client of redis-py's")
        try:
            for place in places:
                await self._listener(place).start()
        except redis_errors.ResponseError as error:
            raise ConfigError(f"the server does not tell of changes: {error}") from error

    async def aclose(self) -> None:
        """Hear of nothing any more."""
        for listener in self._listeners.values():
            await listener.aclose()

    def ear(self, tag: str) -> object | None:
        """The same object for as long as no change of a user is missed; None while any may be.

        Of a slot that is on its way the node it comes from counts until it has arrived.
        """
        listener = self._of_node(tag) if self._link.is_cluster else self._listeners.get("")
        return None if listener is None else listener.ear

    def _of_node(self, tag: str) -> Listener | None:
        """Who listens to the node that has the keys of a user; somebody does from now on."""
        try:
            node = self._link.client.get_node_from_key(f"{{{tag}}}")
        except _UNKNOWN:
            return None
        listener = self._listeners.get(node.name)
        if listener is None or listener.is_over:
            listener = self._listener(node)
            listener.begin()
        return listener

    def _listener(self, place: Any) -> Listener:
        client, name = self._link.client, place.name if self._link.is_cluster else ""

        def leads_right(connection: Any) -> bool:
            address: object = place.master_address
            return address == (connection.host, connection.port)

        def is_wanted() -> bool:
            return not name or any(node.name == name for node in client.get_primaries())

        listener = self._listeners[name] = Listener(
            maker(place),
            INVALIDATIONS,
            self._on_change,
            tracked_prefixes=self._prefixes,
            leads_right=leads_right if isinstance(place, SentinelConnectionPool) else None,
            is_wanted=is_wanted,
        )
        return listener


class HearingThread:
    """``Hearing`` for a store that blocks its threads: in one more, over a link of its own.

    A process that was forked begins it anew, and hears nothing until then.
    """

    def __init__(self, link: Link, prefixes: Sequence[str], on_change: OnChange) -> None:
        """As of ``Hearing``; the link is one that blocks."""
        self._blocking = link
        self._prefixes, self._on_change = prefixes, on_change
        self._beginning = threading.Lock()
        self._pid = 0

    async def start(self) -> None:
        """As ``Hearing.start``. Raises ConfigError for a server without a URL, too."""
        self._begin_once().result()

    async def aclose(self) -> None:
        """Hear of nothing any more."""
        if self._pid == os.getpid():
            self._thread.run(self._hearing.aclose())
            self._thread.run(self._link.aclose())
            self._thread.close()

    def ear(self, tag: str) -> object | None:
        """As ``Hearing.ear``."""
        if self._pid != os.getpid():
            self._begin_once()
        return self._hearing.ear(tag)

    def _begin_once(self) -> Future[None]:
        with self._beginning:
            if self._pid != os.getpid():
                self._begun = self._begin()
            return self._begun

    def _begin(self) -> Future[None]:
        self._link = self._blocking.for_loop()
        self._hearing = Hearing(self._link, self._prefixes, self._on_change)
        self._thread = LoopThread("sessions near cache")
        self._pid = os.getpid()
        return self._thread.begin(self._hearing.start())


__all__ = ["Hearing", "HearingThread", "OnChange"]
