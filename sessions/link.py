"""The way to the server: one request, one answer in time, and what it means when none comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from typing import Any, ClassVar, Protocol, Self

import redis.asyncio
import redis.exceptions as redis_errors
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

import ferrite_lite

from .config import SessionConfig
from .errors import ConfigError, SessionError, StoreRefused, StoreUnavailable


class Client(Protocol):
    """What is asked of a client: a part of ``redis.asyncio.Redis`` and ``RedisCluster``."""

    async def execute_command(self, *words: Any, **options: Any) -> Any: ...


#: The server did not do what was asked, or nobody knows whether it did.
_NO_ANSWER = (
    redis_errors.ConnectionError,
    redis_errors.TimeoutError,
    redis_errors.ReadOnlyError,
    redis_errors.ClusterError,
    redis_errors.TryAgainError,
    redis_errors.OutOfMemoryError,
    # Not a RedisError: a cluster of which no node can be reached.
    redis_errors.RedisClusterException,
    OSError,
)
#: The same, for which redis-py has no exception.
_NO_ANSWER_CODES = ("MISCONF ", "NOREPLICAS ", "BUSY ", "UNKILLABLE ")
_NEEDS_CLUSTER_CLIENT = "the server is a node of a cluster: connect with a RedisCluster client"
#: Keys for one request: a server does nothing else meanwhile.
_SCAN_COUNT = 500
#: redis-py counts these among the errors of a connection.
_NO_ACCESS = (redis_errors.AuthenticationError, redis_errors.AuthorizationError)


class Link:
    """A client, asked with a deadline and a number of further attempts.

    What it does with the client is in the methods that ``BlockingLink`` has of its own.
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
        owned: Any = None,
    ) -> None:
        """``max_at_once`` requests are on their way, and others wait; None for any number.

        ``owned`` is closed with the link.
        """
        self._client, self._owned = client, owned
        self._timeout_seconds = timeout_seconds
        self._retries = retries
        self._turn: AbstractAsyncContextManager[None] = (
            asyncio.Semaphore(max_at_once) if max_at_once else nullcontext()
        )

    @classmethod
    def open(cls, server: str | ferrite_lite.Ferrite | Any, config: SessionConfig) -> Self:
        """A link to a server at a URL or in this process, or by a client that its owner closes."""
        if isinstance(server, ferrite_lite.Ferrite):
            # A call within the process has no reason to be late.
            return cls(cls._client_in(server), timeout_seconds=None, owned=server)
        if not isinstance(server, str):
            return cls.to(server, config)
        client = cls._client_at(server, config)
        return cls.to(client, config, owned=client)

    @classmethod
    def to(cls, client: Any, config: SessionConfig, *, owned: Any = None) -> Self:
        """A link as a configuration wants it."""
        return cls(
            client,
            timeout_seconds=config.timeout_seconds,
            max_at_once=config.max_connections,
            retries=config.retries,
            owned=owned,
        )

    async def aclose(self) -> None:
        """Close what ``open`` opened."""
        if self._owned is not None:
            await self._owned.aclose()

    async def ask(self, *words: Any, **options: Any) -> Any:
        """The reply to a command, asked again when the connection breaks: all are idempotent.

        Raises NoScriptError, StoreUnavailable when there is no answer in time, StoreRefused,
        ConfigError for a node of a cluster.
        """
        try:
            async with self._in_time():
                return await self._attempt(words, options)
        except redis_errors.NoScriptError:
            raise
        except (*_NO_ANSWER, redis_errors.RedisError) as error:
            raise _meaning(error) from error

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

    async def check_client(self) -> None:
        """Raises ConfigError if the client is for one server, and the server one of several.

        A server that cannot tell, or is away, passes: the first MOVED says the same.
        """
        if not isinstance(self._client, self.single):
            return
        try:
            told = await self.ask("INFO", "cluster")
        except SessionError:
            return
        if isinstance(told, dict) and told.get("cluster_enabled") == 1:
            raise ConfigError(_NEEDS_CLUSTER_CLIENT)

    async def _attempt(self, words: tuple[Any, ...], options: dict[str, Any]) -> Any:
        for _ in range(self._retries):
            try:
                return await self._send(words, options)
            except _NO_ACCESS:
                raise
            except redis_errors.ConnectionError:
                continue
        return await self._send(words, options)

    # --- what depends on the kind of client -------------------------------------------------------

    @staticmethod
    def _client_in(ferrite: ferrite_lite.Ferrite) -> Any:
        return ferrite.client()

    @staticmethod
    def _client_at(url: str, config: SessionConfig) -> Any:
        return redis.asyncio.Redis.from_url(
            url,
            max_connections=config.max_connections,
            socket_timeout=config.timeout_seconds,
            socket_connect_timeout=config.timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        )

    @asynccontextmanager
    async def _in_time(self) -> AsyncIterator[None]:
        async with asyncio.timeout(self._timeout_seconds), self._turn:
            yield

    async def _send(self, words: tuple[Any, ...], options: dict[str, Any]) -> Any:
        return await self._client.execute_command(*words, **options)


def _meaning(error: Exception) -> SessionError:
    if isinstance(error, redis_errors.AskError):
        return ConfigError(_NEEDS_CLUSTER_CLIENT)
    no_answer = isinstance(error, _NO_ANSWER) or str(error).startswith(_NO_ANSWER_CODES)
    if no_answer and not isinstance(error, _NO_ACCESS):
        return StoreUnavailable(f"the store did not answer: {str(error) or 'not in time'}")
    return StoreRefused(f"the store refused: {error}")


__all__ = ["Client", "Link"]
