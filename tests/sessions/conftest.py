"""One session store for each kind of server: the same tests pass on all of them."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest
import redis
import redis.asyncio
import redis.cluster
import redis.sentinel
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.sentinel import Sentinel

import ferrite_lite
from sessions import KeyRing, SessionConfig, SessionStore, native
from tests.support import servers
from tests.support.servers import RealCluster, RealSentinel, RealServer

#: Makes a store under a configuration, on the target of the test.
MakeStore = Callable[..., Awaitable[SessionStore]]

KEYS = KeyRing.generate()
TARGETS = ["embedded", "tcp", "redis", "valkey", "sentinel", "cluster"]

_user_numbers = itertools.count(1)


def without_rate(**settings: Any) -> SessionConfig:
    """A configuration for tests that open many sessions."""
    return SessionConfig(**{"create_limit": None, "timeout_seconds": 30, **settings})


@pytest.fixture(params=TARGETS)
async def client(request: pytest.FixtureRequest) -> AsyncIterator[Any]:
    """A redis-py asyncio client of each target, its own retries off."""
    async with AsyncExitStack() as stack:
        match request.param:
            case "cluster":
                cluster: RealCluster = request.getfixturevalue("redis_cluster")
                opened: Any = RedisCluster(host=cluster.host, port=cluster.port)
            case "sentinel":
                running: RealSentinel = request.getfixturevalue("redis_sentinel")
                ask_sentinel: Any = Sentinel  # redis-py has no types here
                sentinel = ask_sentinel([running.address])
                for asked in sentinel.sentinels:
                    await stack.enter_async_context(asked)
                opened = sentinel.master_for(running.service)
            case "embedded" | "tcp" as target:
                ferrite = await stack.enter_async_context(ferrite_lite.Ferrite())
                native.register(ferrite.engine)
                if target == "embedded":
                    opened = ferrite.client()
                else:
                    opened = redis.asyncio.Redis.from_url((await ferrite.listen()).url)
            case target:
                server: RealServer = request.getfixturevalue(f"{target}_server")
                opened = redis.asyncio.Redis.from_url(server.url)
        yield await stack.enter_async_context(opened)


@pytest.fixture(scope="session")
def ferrite_process() -> Iterator[RealServer]:
    """The server of this project elsewhere: in this thread it could not answer who blocks it."""
    with servers.ferrite_lite() as server:
        yield server


@pytest.fixture(params=TARGETS)
def sync_client(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A redis-py client that blocks, of each target."""
    match request.param:
        case "embedded":
            ferrite = ferrite_lite.Ferrite()
            native.register(ferrite.engine)
            opened: Any = ferrite.sync_client()
        case "cluster":
            cluster: RealCluster = request.getfixturevalue("redis_cluster")
            opened = redis.cluster.RedisCluster(host=cluster.host, port=cluster.port)
        case "sentinel":
            running: RealSentinel = request.getfixturevalue("redis_sentinel")
            ask_sentinel: Any = redis.sentinel.Sentinel  # redis-py has no types here
            opened = ask_sentinel([running.address]).master_for(running.service)
        case target:
            names = {"tcp": "ferrite_process"}
            server = request.getfixturevalue(names.get(target, f"{target}_server"))
            opened = redis.Redis.from_url(server.url)
    yield opened
    opened.close()


@pytest.fixture
def make_store(client: Any) -> MakeStore:
    async def make(**settings: Any) -> SessionStore:
        return await SessionStore.connect(client, without_rate(**settings), keys=KEYS)

    return make


@pytest.fixture
async def store(make_store: MakeStore) -> SessionStore:
    return await make_store()


@pytest.fixture
def user() -> str:
    """Somebody no other test knows: real servers are shared."""
    return f"user-{next(_user_numbers)}"


@pytest.fixture
def clock() -> ferrite_lite.ManualClock:
    return ferrite_lite.ManualClock()


@pytest.fixture
def make_timed_store(clock: ferrite_lite.ManualClock) -> MakeStore:
    """An embedded store whose time the test moves."""

    async def make(**settings: Any) -> SessionStore:
        return await SessionStore.connect(config=without_rate(**settings), keys=KEYS, clock=clock)

    return make


class Between:
    """A client that lets something happen just before or after its n-th script."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.calls: list[tuple[Any, ...]] = []
        self.before: Callable[[], Awaitable[Any]] | None = None
        self.after: Callable[[], Awaitable[Any]] | None = None
        self._calls_to_skip = 0

    def at_call(
        self,
        number: int,
        *,
        before: Callable[[], Awaitable[Any]] | None = None,
        after: Callable[[], Awaitable[Any]] | None = None,
    ) -> None:
        """The same at the n-th script from now."""
        self.before, self.after, self._calls_to_skip = before, after, number - 1

    async def execute_command(self, *words: Any, **options: Any) -> Any:
        self.calls.append(words)
        if self._calls_to_skip:
            self._calls_to_skip -= 1
            return await self._client.execute_command(*words, **options)
        if self.before is not None:
            hook, self.before = self.before, None
            await hook()
        reply = await self._client.execute_command(*words, **options)
        if self.after is not None:
            hook, self.after = self.after, None
            await hook()
        return reply


@pytest.fixture
def between(client: Any) -> Between:
    return Between(client)


@pytest.fixture
async def slow_store(between: Between) -> SessionStore:
    """A second store on the same data, whose operations can be interrupted."""
    return await SessionStore.connect(between, without_rate(touch_interval_seconds=0), keys=KEYS)
