"""``SyncSessionStore``: the same store for code that does not await.

Nothing is defined twice. Each method runs the coroutine of the method of ``SessionStore`` with the
same name, over a link that blocks where others wait: the coroutine never suspends, so its first
step is its last.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    contextmanager,
    nullcontext,
)
from functools import wraps
from time import sleep
from typing import Any, ClassVar, Concatenate, Generic, ParamSpec, Protocol, Self, TypeVar, Unpack

import redis
from redis.backoff import NoBackoff
from redis.cluster import RedisCluster
from redis.retry import Retry

import ferrite_lite

from . import events
from .config import SessionConfig
from .datatype import R, T
from .editing import MutableSession
from .errors import ConfigError
from .operations.measuring import Operation
from .servers.direct import DirectClient
from .servers.hearing import HearingThread
from .servers.link import Link
from .store import SessionStore, StoreOptions

P = ParamSpec("P")
A = TypeVar("A")
A_co = TypeVar("A_co", covariant=True)

#: A request that has so much of the time, as an operation's first one has, needs no bound of its
#: own: that would cost a look at the socket more.
_NEARLY_ALL = 0.9


class SyncClient(Protocol):
    """What is asked of a client: a part of ``redis.Redis`` and ``redis.cluster.RedisCluster``."""

    def execute_command(self, *words: Any, **options: Any) -> Any: ...


class BlockingLink(Link):
    """A link over a client that does not await; threads may share it.

    Nothing can interrupt a thread that blocks. Over a URL each wait is for what is left of the
    deadline, but for a connection to open; over a client that was given it is what that was made
    with, and after the deadline nothing more is asked.
    """

    single: ClassVar[type[Any]] = redis.Redis
    cluster: ClassVar[type[Any]] = RedisCluster

    async def aclose(self) -> None:
        if isinstance(self._owned, redis.Redis):
            self._owned.close()
        else:
            await super().aclose()

    @staticmethod
    def _client_in(ferrite: ferrite_lite.Ferrite) -> Any:
        return ferrite.sync_client()

    @staticmethod
    def _client_at(url: str, config: SessionConfig) -> Any:
        pool = redis.BlockingConnectionPool.from_url(
            url,
            max_connections=config.max_connections,
            timeout=config.timeout_seconds,
            socket_timeout=config.timeout_seconds,
            socket_connect_timeout=config.timeout_seconds,
            retry=Retry(NoBackoff(), 0),
        )
        return DirectClient.from_pool(pool)

    def _in_time(self, deadline: float) -> AbstractAsyncContextManager[None]:
        return nullcontext()

    async def _send(
        self, words: tuple[Any, ...], options: dict[str, Any], deadline: float, /
    ) -> Any:
        if self._timeout_seconds is not None and isinstance(self._client, DirectClient):
            seconds = deadline - self._clock()
            # Otherwise the bound that a connection has by itself is right.
            if seconds < self._timeout_seconds * _NEARLY_ALL and not options:
                return self._client.execute_within(seconds, *words)
        return self._client.execute_command(*words, **options)

    async def _send_together(self, words: tuple[Any, ...], wait: tuple[Any, ...]) -> list[Any]:
        pipeline, options = self._pipeline(words, wait)
        replies: list[Any] = pipeline.execute(raise_on_error=False, **options)
        return replies

    async def pause(self, seconds: float) -> None:
        sleep(seconds)  # noqa: ASYNC251  # whoever asks over this link is blocked

    async def _drop_idle_connections(self) -> None:
        if isinstance(self._client, DirectClient):
            self._client.drop_idle_connections()
            return
        pool = getattr(self._client, "connection_pool", None)
        if pool is not None:
            pool.disconnect(inuse_connections=False)


def run(coroutine: Coroutine[Any, Any, R]) -> R:
    """The result of a coroutine that does not suspend."""
    try:
        coroutine.send(None)
    except StopIteration as done:
        result: R = done.value
        return result
    coroutine.close()
    raise AssertionError("nothing behind a blocking link suspends")


class Blocking(Protocol[A_co]):
    """What is there for those who do not await, in place of something."""

    @property
    def awaited(self) -> A_co: ...


def blocking(
    method: Callable[Concatenate[A, P], Coroutine[Any, Any, R]],
) -> Callable[Concatenate[Blocking[A], P], R]:
    """The method of the same name, for callers who do not await."""

    @wraps(method)
    def call(self: Blocking[A], /, *args: P.args, **kwargs: P.kwargs) -> R:
        return run(method(self.awaited, *args, **kwargs))

    return call


class SyncSessionStore(Generic[T]):
    """A ``SessionStore`` for code that does not await; threads may share it.

    >>> with SyncSessionStore.connect() as store:
    ...     issued = store.create("alice", {"theme": "dark"})
    ...     session = store.validate(issued.token)
    ...     session.data["theme"] if session else "signed out"
    'dark'

    Of a web application each request blocks its thread until the store has answered.
    """

    def __init__(self, store: SessionStore[T]) -> None:
        """Use ``connect``. The link of the store is a BlockingLink."""
        self._store = store
        self.config = store.config

    @classmethod
    def at(
        cls,
        server: str | SyncClient | None = None,
        config: SessionConfig | None = None,
        **options: Unpack[StoreOptions[T]],
    ) -> Self:
        """A store that asks the server for nothing yet, as ``SessionStore.at``. Raises ConfigError.

        WSGI does not tell when an application starts: there the middleware calls ``check`` before
        the first session that it reads. A ``near_cache`` is for a server at a URL, which a thread
        listens to. ``timeout_seconds`` holds on connections that are opened here; a client that is
        given needs a ``socket_timeout`` of its own, which is how long it may take in addition.
        """
        return cls(SessionStore._over(BlockingLink, server, config, options, HearingThread))

    @classmethod
    def connect(
        cls,
        server: str | SyncClient | None = None,
        config: SessionConfig | None = None,
        **options: Unpack[StoreOptions[T]],
    ) -> Self:
        """Open a store, as ``SessionStore.connect`` does, but with a redis-py client that blocks.

        Of a client that is given, see ``at``. Raises ConfigError.
        """
        store = cls.at(server, config, **options)
        try:
            store.check()
        except ConfigError:
            store.close()
            raise
        return store

    @property
    def awaited(self) -> SessionStore[T]:
        """The same store as coroutines, none of which suspends."""
        return self._store

    @property
    def tenant(self) -> str | None:
        """``SessionStore.tenant``."""
        return self._store.tenant

    def for_tenant(self, tenant: str) -> SyncSessionStore[T]:
        """``SessionStore.for_tenant``."""
        return SyncSessionStore(self._store.for_tenant(tenant))

    def close(self) -> None:
        """Close what ``connect`` opened."""
        run(self._store.aclose())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def on_event(
        self, listener: events.Listener, *types: type[events.SessionEvent]
    ) -> Callable[[], None]:
        """``SessionStore.on_event``, in the thread that does it."""
        return self._store.on_event(listener, *types)

    def on_operation(self, listener: Callable[[Operation], None]) -> Callable[[], None]:
        """``SessionStore.on_operation``, in the thread that does it."""
        return self._store.on_operation(listener)

    def digest(self, label: bytes, message: str) -> str:
        """``SessionStore.digest``."""
        return self._store.digest(label, message)

    def tell(self, event: events.SessionEvent) -> None:
        """``SessionStore.tell``."""
        self._store.tell(event)

    check = blocking(SessionStore.check)
    create = blocking(SessionStore.create)
    create_with_rate_limit = blocking(SessionStore.create_with_rate_limit)
    generation = blocking(SessionStore.generation)
    validate = blocking(SessionStore.validate)
    validate_result = blocking(SessionStore.validate_result)
    validate_with_ip = blocking(SessionStore.validate_with_ip)
    update_data = blocking(SessionStore.update_data)
    patch = blocking(SessionStore.patch)
    rotate = blocking(SessionStore.rotate)
    destroy = blocking(SessionStore.destroy)
    get_user_sessions = blocking(SessionStore.get_user_sessions)
    destroy_by_id = blocking(SessionStore.destroy_by_id)
    destroy_other_sessions = blocking(SessionStore.destroy_other_sessions)
    destroy_all_for_user = blocking(SessionStore.destroy_all_for_user)
    find = blocking(SessionStore.find)
    destroy_everything = blocking(SessionStore.destroy_everything)
    count = blocking(SessionStore.count)
    show = blocking(SessionStore.show)
    sweep = blocking(SessionStore.sweep)
    reindex = blocking(SessionStore.reindex)
    doctor = blocking(SessionStore.doctor)

    def edit(self, token: str) -> AbstractContextManager[MutableSession[T]]:
        """``SessionStore.edit``, for a block that does not await."""
        return _entered(self._store.edit(token))

    def lock(
        self, token: str, *, ttl_seconds: float = 10, wait_seconds: float = 10
    ) -> AbstractContextManager[str]:
        """``SessionStore.lock``, for a block that does not await."""
        return _entered(self._store.lock(token, ttl_seconds=ttl_seconds, wait_seconds=wait_seconds))


@contextmanager
def _entered(block: AbstractAsyncContextManager[R]) -> Iterator[R]:
    """The same block, for who does not await."""
    lent = run(block.__aenter__())
    try:
        yield lent
    except BaseException as error:
        if not run(block.__aexit__(type(error), error, error.__traceback__)):
            raise
    else:
        run(block.__aexit__(None, None, None))
