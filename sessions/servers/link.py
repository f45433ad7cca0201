"""The way to the server: one request, one answer in time, and what it means when none comes."""

from __future__ import annotations

import asyncio
import math
import sys
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from random import SystemRandom
from time import monotonic
from typing import Any, ClassVar, Protocol, Self

import redis.asyncio
import redis.exceptions as redis_errors
from redis.asyncio.cluster import RedisCluster

import ferrite_lite

from ..config import SessionConfig
from ..errors import ConfigError, StoreUnavailable
from ..tasks import Deadline
from .breaker import CircuitBreaker, OnChange
from .failures import Failure, meaning
from .multiplexed import MultiplexedClient
from .packing import SCRIPTS
from .scope import Scope, current_scope


class Client(Protocol):
    """What is asked of a client: a part of ``redis.asyncio.Redis`` and ``RedisCluster``."""

    async def execute_command(self, *words: Any, **options: Any) -> Any: ...


#: One attempt, given when to give up.
Send = Callable[[float], Awaitable[Any]]

#: What a client raises, or the system under it. That of a cluster is no RedisError.
_FAILURES = (redis_errors.RedisError, redis_errors.RedisClusterException, OSError)
_IS_DOWN = "the store has not answered for a while: it will be asked again in a moment"
_NO_TIME_LEFT = "the store did not answer: what was asked before has taken all the time there was"
#: Keys for one request: a server does nothing else meanwhile.
_SCAN_COUNT = 500
#: The first pause before asking again, and the longest; each half by chance, so that those who
#: were refused together do not come back together.
_FIRST_PAUSE_SECONDS = 0.01
_LONGEST_PAUSE_SECONDS = 0.25
_chance = SystemRandom().uniform


@dataclass(slots=True)
class _Asking:
    """One request, with all its attempts."""

    #: When to give up, on the link's clock.
    deadline: float
    scope: Scope | None
    failures: int = 0
    #: How many of them a new connection may mend.
    breaks: int = 0
    #: Whether a request is out now.
    is_out: bool = False
    may_have_happened: bool = False


class Link:
    """A client, asked with a deadline, as often as it makes sense, and not while it is down.

    The requests of one operation have one deadline together, if they are made in its Scope.
    Asking again is safe: all that is asked is idempotent, by ids that the caller has made. What it
    does with the client is in the methods that ``BlockingLink`` has of its own.
    """

    #: The client of one server, and that of a cluster.
    single: ClassVar[type[Any]] = redis.asyncio.Redis
    cluster: ClassVar[type[Any]] = RedisCluster

    def __init__(
        self,
        client: Any,
        *,
        timeout_seconds: float | None,
        max_at_once: int | None = None,
        retries: int = 0,
        breaker_failures: int = sys.maxsize,
        breaker_seconds: float = 0,
        wait_replicas: int = 0,
        wait_seconds: float = 0,
        owned: Any = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """``max_at_once`` requests are on their way, and others wait; None for any number.

        ``retries`` is how often a broken connection is replaced, the numbers of the breaker and
        of replicas are those of the configuration, ``owned`` is closed with the link. ``clock``
        gives seconds.
        """
        self._clock = clock
        self._client, self._owned = client, owned
        self._timeout_seconds = timeout_seconds
        #: The URL and the configuration, if it was opened by these.
        self._opened_by: tuple[str, SessionConfig] | None = None
        #: Whether a request has a deadline.
        self.is_timed = timeout_seconds is not None
        self._retries = retries
        self._wait_replicas, self._wait_ms = wait_replicas, round(wait_seconds * 1000)
        #: Told whenever the server stops to answer, and when it does again.
        self.on_change: OnChange = lambda is_open: None
        #: One for each node of a cluster: the others may be well.
        self._breakers: defaultdict[str, CircuitBreaker] = defaultdict(
            lambda: CircuitBreaker(
                breaker_failures, breaker_seconds, lambda is_open: self.on_change(is_open)
            )
        )
        self.is_cluster = isinstance(client, self.cluster)
        #: Whether one script reaches all keys, and not only those of one slot. What looks like one
        #: server may be the way to a cluster: it says so when it is asked, and does nothing.
        self.reaches_all_slots = self.is_single
        #: Whether the client repeats requests by itself.
        self._repeats = self.is_cluster or self.own_retries != 0
        self._turn: AbstractAsyncContextManager[None] = (
            asyncio.Semaphore(max_at_once) if max_at_once else nullcontext()
        )

    @classmethod
    def open(cls, server: str | ferrite_lite.Ferrite | Any, config: SessionConfig) -> Self:
        """A link to a server at a URL or in this process, or by a client that its owner closes."""
        if isinstance(server, ferrite_lite.Ferrite):
            if config.wait_replicas:
                raise ConfigError("a store in this process has no replicas to wait for")
            # A call within the process has no reason to be late.
            return cls(cls._client_in(server), timeout_seconds=None, owned=server)
        if not isinstance(server, str):
            return cls.to(server, config)
        client = cls._client_at(server, config)
        link = cls.to(client, config, owned=client)
        link._opened_by = server, config
        return link

    @classmethod
    def to(cls, client: Any, config: SessionConfig, *, owned: Any = None) -> Self:
        """A link as a configuration wants it."""
        return cls(
            client,
            timeout_seconds=config.timeout_seconds,
            max_at_once=config.max_connections,
            retries=config.retries,
            breaker_failures=config.breaker_failures,
            breaker_seconds=config.breaker_seconds,
            wait_replicas=config.wait_replicas,
            wait_seconds=config.wait_seconds,
            owned=owned,
        )

    def for_loop(self) -> Link:
        """One more link to the same server, for an event loop. Raises ConfigError without a URL."""
        if self._opened_by is None:
            raise ConfigError("only a server at a URL can be listened to without an event loop")
        return Link.open(*self._opened_by)

    @property
    def client(self) -> Any:
        """For what no link does: connections on which the server speaks first."""
        return self._client

    async def aclose(self) -> None:
        """Close what ``open`` opened."""
        if self._owned is not None:
            await self._owned.aclose()

    async def ask(self, *words: Any, **options: Any) -> Any:
        """The reply to a command.

        Raises NoScriptError, StoreUnavailable when there is no answer in time, StoreRefused,
        ConfigError for a node of a cluster.
        """
        return await self._ask(words, partial(self._send, words, options))

    async def ask_lastingly(self, *words: Any) -> Any:
        """``ask``, for what must outlive the server: when as many replicas have it as configured.

        If they have not, it is done all the same, and StoreUnavailable says that it may be.
        """
        if not self._wait_replicas:
            return await self.ask(*words)
        reply, confirmed = await self._ask(words, partial(self._send_and_wait, words))
        if confirmed < self._wait_replicas:
            raise StoreUnavailable(
                f"it is done, but only {confirmed} of {self._wait_replicas} replicas know it"
            )
        return reply

    async def _ask(self, words: tuple[Any, ...], send: Send) -> Any:
        """Ask the server in time, if it is up, and say what it means when there is no reply."""
        asking = self._begin()
        breaker = self._breakers[self._node_of(words) if self.is_cluster else ""]
        if not breaker.admits():
            raise StoreUnavailable(_IS_DOWN, may_have_happened=False)
        try:
            async with self._in_time(asking.deadline):
                reply = await self._persist(asking, send)
        except redis_errors.NoScriptError:
            breaker.succeeded()
            raise
        except _FAILURES as error:
            failure = Failure.of(error)
            (breaker.failed if failure.is_down else breaker.succeeded)()
            if isinstance(error, redis_errors.ClusterCrossSlotError):
                self.reaches_all_slots = False
            # A client that repeats requests by itself tells only of the last time.
            unknown = asking.may_have_happened or asking.is_out or self._repeats
            raise meaning(failure, error, may_have_happened=unknown) from error
        breaker.succeeded()
        return reply

    async def ask_each_node(self, *words: Any) -> list[Any]:
        """The replies of all the servers behind the client. Raises as ``ask``."""
        if not isinstance(self._client, self.cluster):
            return [await self.ask(*words)]
        replies = await self.ask(*words, target_nodes=RedisCluster.ALL_NODES)
        return list(replies.values())

    async def scan(self, pattern: str) -> AsyncIterator[str]:
        """The keys that match, on all servers; some perhaps twice. Raises as ``ask``."""
        client = self._client
        nodes = client.get_primaries() if isinstance(client, self.cluster) else [None]
        for node in nodes:
            options = {} if node is None else {"target_nodes": node}
            cursor: Any = 0
            while True:
                words = ("SCAN", cursor, "MATCH", pattern, "COUNT", _SCAN_COUNT)
                told, keys = await self.ask(*words, **options)
                for key in keys:
                    yield key.decode() if isinstance(key, bytes) else key
                # A cluster client gives the cursor of each node that was asked: of this one.
                cursor = next(iter(told.values())) if isinstance(told, dict) else told
                if int(cursor) == 0:
                    break

    @property
    def is_single(self) -> bool:
        """Whether the client is for one server, and redis-py's or our own."""
        return isinstance(self._client, self.single | MultiplexedClient)

    @property
    def own_retries(self) -> int:
        """How often the client of one server repeats a command by itself; -1 for without end."""
        pool = getattr(self._client, "connection_pool", None)
        retry = pool.connection_kwargs.get("retry") if pool is not None else None
        return 0 if retry is None else int(retry.get_retries())

    def _begin(self) -> _Asking:
        """A request within the operation that runs here. Raises StoreUnavailable if it is late."""
        scope = current_scope()
        if self._timeout_seconds is None:
            return _Asking(math.inf, scope)
        now = self._clock()
        deadline = now + self._timeout_seconds
        if scope is not None:
            deadline = scope.bound(deadline)
        if deadline <= now:
            raise StoreUnavailable(_NO_TIME_LEFT, may_have_happened=False)
        return _Asking(deadline, scope)

    async def _persist(self, asking: _Asking, send: Send) -> Any:
        """Ask until there is a reply, or nothing to hope for."""
        while True:
            asking.is_out = True
            if asking.scope is not None:
                asking.scope.round_trips += 1
            try:
                return await send(asking.deadline)
            except redis_errors.NoScriptError:
                raise
            except _FAILURES as error:
                failure = Failure.of(error)
                asking.is_out = False
                asking.may_have_happened |= failure.is_unknown
                pause_seconds = self._pause_seconds(asking, failure)
                if pause_seconds is None:
                    raise
            if failure is Failure.READ_ONLY:
                await self._drop_idle_connections()
            await self.pause(pause_seconds)

    def _pause_seconds(self, asking: _Asking, failure: Failure) -> float | None:
        """How long to wait before the next attempt; None if there is to be none."""
        asking.failures += 1
        asking.breaks += failure.wants_another_connection
        is_bounded = asking.deadline < math.inf
        # A cluster's client closes all connections, those of other tasks too, when slots move.
        is_passing = failure.passes or (self.is_cluster and failure is Failure.BROKEN)
        may_pass = is_passing and is_bounded
        may_reach = failure.wants_another_connection and asking.breaks <= self._retries
        if not (may_pass or may_reach):
            return None
        longest = min(_FIRST_PAUSE_SECONDS * 2 ** (asking.failures - 1), _LONGEST_PAUSE_SECONDS)
        pause_seconds = _chance(longest / 2, longest)
        return pause_seconds if self._clock() + pause_seconds < asking.deadline else None

    def _node_of(self, words: tuple[Any, ...]) -> str:
        """The node of a cluster that has the key of a command, as far as it is known."""
        try:
            return str(self._client.get_node_from_key(_key_of(words)).name)
        except (redis_errors.RedisClusterException, AttributeError):
            return ""

    # --- what depends on the kind of client -------------------------------------------------------

    @staticmethod
    def _client_in(ferrite: ferrite_lite.Ferrite) -> Any:
        return ferrite.client()

    @staticmethod
    def _client_at(url: str, config: SessionConfig) -> Any:
        return MultiplexedClient(url, timeout_seconds=config.timeout_seconds)

    def _in_time(self, deadline: float) -> AbstractAsyncContextManager[None]:
        """The time that a request has, waiting for its turn included."""
        if self._timeout_seconds is None:
            return nullcontext()
        return self._timed(deadline - self._clock())

    @asynccontextmanager
    async def _timed(self, seconds: float) -> AsyncIterator[None]:
        async with Deadline(seconds), self._turn:
            yield

    async def _send(
        self, words: tuple[Any, ...], options: dict[str, Any], deadline: float, /
    ) -> Any:
        try:
            return await self._client.execute_command(*words, **options)
        except AttributeError as error:
            if not self.is_cluster:
                raise
            # What redis-py stumbles over when another task has closed the connection in its hands.
            raise redis_errors.ConnectionError("the client was closing its connections") from error

    async def _send_and_wait(self, words: tuple[Any, ...], deadline: float) -> tuple[Any, int]:
        """The reply, and how many replicas have it: WAIT answers for the connection it comes on."""
        wait = ("WAIT", self._wait_replicas, self._wait_ms)
        if isinstance(self._client, MultiplexedClient):
            replies = await self._client.execute_aside(words, wait)
        else:
            replies = await self._send_together(words, wait)
        if self.is_cluster and isinstance(replies[0], redis_errors.AskError):
            # Whom the client asked about replicas was not who did it.
            return await self._send(words, {}, deadline), 0
        for reply in replies:
            if isinstance(reply, Exception):
                raise reply
        return replies[0], int(replies[1])

    async def _send_together(self, words: tuple[Any, ...], wait: tuple[Any, ...]) -> list[Any]:
        pipeline, options = self._pipeline(words, wait)
        replies: list[Any] = await pipeline.execute(raise_on_error=False, **options)
        return replies

    def _pipeline(
        self, words: tuple[Any, ...], wait: tuple[Any, ...]
    ) -> tuple[Any, dict[str, Any]]:
        """A pipeline for one node, and what must be said when it is executed."""
        if not self.is_cluster:
            pipeline = self._client.pipeline(transaction=False)
            pipeline.execute_command(*words)
            pipeline.execute_command(*wait)
            return pipeline, {}
        pipeline = self._client.pipeline()
        pipeline.execute_command(*words)
        node = self._client.get_node_from_key(_key_of(words))
        pipeline.execute_command(*wait, target_nodes=node)
        return pipeline, {"allow_redirections": False}

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _drop_idle_connections(self) -> None:
        """Have the next request ask where the server is: Sentinel and DNS know by now."""
        if isinstance(self._client, MultiplexedClient):
            await self._client.disconnect()
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            await pool.disconnect(inuse_connections=False)


def _key_of(words: tuple[Any, ...]) -> Any:
    """The first key of a command."""
    return words[3] if words[0] in SCRIPTS else words[1]


__all__ = ["Client", "Link"]
